package argon2_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/users"
	"gamestore.example/users/adapter/argon2"
	"gamestore.example/users/userstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cheap costs next to nothing, and is not fit for use.
func cheap() argon2.Config {
	return argon2.Config{Params: argon2.Params{Memory: 8, Time: 1, Threads: 1}, Parallel: 2, Waiting: 64, MaxWait: time.Minute}
}

func newHasher(t *testing.T, cfg argon2.Config) *argon2.Hasher {
	t.Helper()
	h, err := argon2.New(cfg, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHasher(t *testing.T) {
	userstest.RunHasher(t, func(t *testing.T) users.Hasher { return newHasher(t, cheap()) })
}

func TestTheDefaultFormIsTheDocumentedOne(t *testing.T) {
	cfg := cheap()
	cfg.Params = argon2.DefaultParams()
	h := newHasher(t, cfg)
	hash, err := h.Hash(t.Context(), "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash is %q", hash)
	}
}

// The hash was made by the reference implementation, so that hashes can move
// between programs: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32.
func TestAForeignHashIsVerifiedAndIsStale(t *testing.T) {
	const foreign = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	h := newHasher(t, cheap())
	for password, want := range map[string]bool{"password": true, "Password": false} {
		if ok, err := h.Verify(t.Context(), foreign, password); ok != want || err != nil {
			t.Errorf("Verify(%q) = %v, %v; want %v", password, ok, err, want)
		}
	}
	if !h.Stale(foreign) {
		t.Error("a hash with other parameters is not stale")
	}
}

func TestAHashWithCostsOutOfRangeIsRefusedBeforeItCostsAnything(t *testing.T) {
	h := newHasher(t, cheap())
	for _, params := range []string{"m=4294967295,t=2,p=1", "m=19456,t=4294967295,p=1", "m=19456,t=2,p=255", "m=0,t=0,p=0", "m=19456,t=2,p=1,x=1", "m=-1,t=2,p=1"} {
		hash := "$argon2id$v=19$" + params + "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
		if _, err := h.Verify(t.Context(), hash, "password"); err == nil {
			t.Errorf("parameters %s are taken", params)
		}
	}
}

func TestMoreThanMayWaitIsRefusedAtOnce(t *testing.T) {
	cfg := argon2.Config{Params: argon2.DefaultParams(), Parallel: 1, Waiting: 2, MaxWait: time.Minute}
	h := newHasher(t, cfg)
	const calls = 20
	var (
		start = make(chan struct{})
		wg    sync.WaitGroup
		mu    sync.Mutex
		done  = map[string]int{}
	)
	for range calls {
		wg.Go(func() {
			<-start
			_, err := h.Hash(t.Context(), "some password")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				done["hashed"]++
			case errors.Is(err, users.ErrBusy):
				done["busy"]++
			default:
				t.Errorf("unexpected: %v", err)
			}
		})
	}
	close(start)
	wg.Wait()
	if done["hashed"] < 1 || done["busy"] < 1 || done["hashed"]+done["busy"] != calls {
		t.Errorf("got %v of %d calls; want some of both", done, calls)
	}
}

func TestNobodyWaitsLongerThanTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, argon2.Config{Params: argon2.Params{Memory: 8, Time: 1, Threads: 1}, Parallel: 1, Waiting: 1, MaxWait: 3 * time.Second})
		release := argon2.Occupy(h)
		began := time.Now()
		_, err := h.Verify(t.Context(), "", "some password")
		if !errors.Is(err, users.ErrBusy) || time.Since(began) != 3*time.Second {
			t.Errorf("got %v after %v; want ErrBusy after 3s", err, time.Since(began))
		}
		release()
		if _, err := h.Verify(t.Context(), "", "some password"); err != nil {
			t.Errorf("after the turn came free: %v", err)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	cfg := cheap()
	cfg.Params = argon2.DefaultParams()
	h, err := argon2.New(cfg, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "correct horse battery staple"); err != nil {
			b.Fatal(err)
		}
	}
}
