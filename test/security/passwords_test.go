package security_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
	"gamestore.example/users"
	"gamestore.example/users/adapter/argon2"
	"gamestore.example/users/adapter/memory"
	"gamestore.example/users/transport/amqpapi"
)

// TestSecurity04 is about passwords.
func TestSecurity04(t *testing.T) {
	t.Run("the cost of a hash", func(t *testing.T) {
		hasher, err := argon2.New(argon2.Config{Params: argon2.DefaultParams(), Parallel: 1, MaxWait: time.Minute}, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		hash, err := hasher.Hash(t.Context(), passphrase)
		if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("%s, %v", hash, err)
		}
	})
	t.Run("which may be chosen", chosen)
	t.Run("two hundred logins at once", flood)
}

func chosen(t *testing.T) {
	c := open(t, setup{}).at("near")
	for i, tc := range []struct {
		password string
		status   int
	}{
		{"", http.StatusBadRequest},
		{"sevench", http.StatusBadRequest},
		{"q8 chars", http.StatusCreated},
		{strings.Repeat("xy", 32), http.StatusCreated}, // 64 characters, and nothing but letters
		{strings.Repeat("é", 64), http.StatusCreated},
		{strings.Repeat("x", 1000), http.StatusBadRequest},
		{"password", http.StatusBadRequest},
		{"PassWord123", http.StatusBadRequest},
		{"qwertyuiop", http.StatusBadRequest},
	} {
		email := fmt.Sprintf("somebody-%d@example.com", i)
		a := c.want(tc.status, http.MethodPost, "/api/users", strings.Replace(account(email), passphrase, tc.password, 1))
		if tc.password == "PassWord123" && strings.Contains(strings.ToLower(a.text), "password123") {
			t.Errorf("the answer repeats the password: %s", a.text)
		}
	}
}

// flood hashes at full cost in a real process, whose memory must not grow with the crowd.
func flood(t *testing.T) {
	const (
		crowdSize = 200
		bound     = 1 << 30 // 19 MiB for each hash and what is not yet collected of others: all at once would be 3.8 GiB
	)
	s := store(t, "-gateway.rate.auth.address", "off", "-users.hash.parallel", "2", "-users.hash.waiting", "50", "-log.level", "warn")
	var crowd sync.WaitGroup
	var busy, answered atomic.Int64
	for i := range crowdSize {
		crowd.Go(func() {
			a, err := s.try(http.MethodPost, "/api/auth/login", credentials(fmt.Sprintf("nobody-%d@example.com", i), "a wrong password"))
			switch {
			case err != nil:
				t.Error(err)
			case a.status == http.StatusUnauthorized:
				answered.Add(1)
			case (a.status == http.StatusServiceUnavailable || a.status == http.StatusTooManyRequests) && a.header.Get("Retry-After") != "":
				busy.Add(1)
			default:
				t.Errorf("%d %s", a.status, a.text)
			}
		})
	}
	crowd.Wait()
	if answered.Load() == 0 {
		t.Error("nobody had an answer")
	}
	if most := s.memory("VmHWM"); most > bound {
		t.Errorf("the process held %d MiB", most>>20)
	}
	t.Logf("%d answered, %d sent away", answered.Load(), busy.Load())
	eventually(t, "the store serves on", func() bool {
		return s.do(http.MethodPost, "/api/auth/login", credentials(adminEmail, passphrase)).status == http.StatusOK
	})
}

// TestSecurity05 wants an account that does not exist to look like a wrong password.
func TestSecurity05(t *testing.T) {
	t.Run("the same answer", func(t *testing.T) {
		h := open(t, setup{})
		for _, door := range []string{"near", "far", "users"} {
			c := h.at(door)
			email := door + "@example.com"
			c.join(email)
			var bodies []map[string]any
			var headers []http.Header
			for _, who := range []string{email, "nobody-" + email, "no address at all"} {
				a := c.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/login", credentials(who, "not the password"))
				delete(a.body, "traceId")
				for _, own := range []string{"X-Request-Id", "Date"} {
					a.header.Del(own)
				}
				bodies, headers = append(bodies, a.body), append(headers, a.header)
			}
			for i := range bodies {
				if diff := cmp.Diff(bodies[0], bodies[i]) + cmp.Diff(headers[0], headers[i]); diff != "" {
					t.Error(diff)
				}
			}
		}
	})
	// How long it takes is the hash, by far. Its work is counted, since a clock is no
	// witness on a busy machine.
	t.Run("the same work", work)
}

// counted counts the hasher's work.
type counted struct {
	*argon2.Hasher
	verified, empty atomic.Int64
}

func (c *counted) Verify(ctx context.Context, hash, password string) (bool, error) {
	c.verified.Add(1)
	if hash == "" {
		c.empty.Add(1)
	}
	return c.Hasher.Verify(ctx, hash, password)
}

type noTokens struct{}

func (noTokens) Issue(context.Context, string, []string) (users.AccessToken, error) {
	return users.AccessToken{}, errors.New("no tokens here")
}

func work(t *testing.T) {
	const least = 20 * time.Microsecond
	params := argon2.DefaultParams()
	whole, err := argon2.New(argon2.Config{Params: params, Parallel: 1, MaxWait: time.Minute}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	throttle, err := memory.NewThrottle(memory.ThrottleConfig{Attempts: 100, Window: time.Hour, Keys: 100}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	hasher := &counted{Hasher: whole}
	accounts, err := users.New(users.Deps{
		Repository: memory.NewRepository(amqpapi.NewEncoder(uuid.NewString), outboxmemory.NewStore(time.Now), outbox.NewSignal()), Hasher: hasher, Tokens: noTokens{}, Throttle: throttle,
		Entropy: rand.Reader, Now: time.Now, NewID: uuid.NewString,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := accounts.SignUp(t.Context(), users.SignUp{Email: "ana@example.com", Password: passphrase, Name: "Ana"}); err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"ana@example.com", "nobody@example.com", "no address at all"} {
		before := hasher.verified.Load()
		if _, err := accounts.Login(t.Context(), users.Login{Email: email, Password: "not the password"}); !errors.Is(err, users.ErrInvalidCredentials) {
			t.Errorf("%s: %v", email, err)
		}
		if n := hasher.verified.Load() - before; n != 1 {
			t.Errorf("%s: %d hashes, want 1", email, n)
		}
	}
	if hasher.empty.Load() != 2 {
		t.Fatalf("%d of them were for nobody, want 2", hasher.empty.Load())
	}
	// The hash for nobody is as much work as any: even the fastest of some is no shortcut.
	fastest := time.Hour
	for range 5 {
		begin := time.Now()
		if _, err := whole.Verify(t.Context(), "", "not the password"); err != nil {
			t.Fatal(err)
		}
		fastest = min(fastest, time.Since(begin))
	}
	if fastest < least {
		t.Errorf("a hash for nobody takes %v only", fastest)
	}
}
