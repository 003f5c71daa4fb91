package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
)

// upstream is a JWKS URL without a network, so that it works in a synctest bubble.
type upstream struct {
	handler   http.Handler
	delay     time.Duration
	down      atomic.Bool
	fetches   atomic.Int64
	unchanged atomic.Int64
}

func (u *upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	u.fetches.Add(1)
	select {
	case <-time.After(u.delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if u.down.Load() {
		return nil, errors.New("connection refused")
	}
	w := httptest.NewRecorder()
	u.handler.ServeHTTP(w, r)
	if w.Code == http.StatusNotModified {
		u.unchanged.Add(1)
	}
	return w.Result(), nil
}

func (u *upstream) keys(cfg auth.RemoteKeysConfig) *auth.RemoteKeys {
	return auth.NewRemoteKeys("http://users.example/.well-known/jwks.json", &http.Client{Transport: u}, cfg)
}

func realRing(t *testing.T) *auth.Keyring {
	t.Helper()
	ring, err := auth.OpenKeyring(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// TestInventedKeysDoNotBecomeRequests is promise 2 of the security design.
func TestInventedKeysDoNotBecomeRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := realRing(t)
		u := &upstream{handler: auth.JWKSHandler(ring, time.Minute), delay: 10 * time.Millisecond}
		keys := u.keys(auth.RemoteKeysConfig{})
		if _, err := keys.Key(t.Context(), signing(t, ring)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		u.fetches.Store(0)
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				if _, err := keys.Key(t.Context(), fmt.Sprintf("invented-%d", i)); !errors.Is(err, auth.ErrUnknownKey) {
					t.Errorf("got %v, want %v", err, auth.ErrUnknownKey)
				}
			})
		}
		wg.Wait()
		for i := range 1000 { // and one after the other
			if _, err := keys.Key(t.Context(), fmt.Sprintf("other-%d", i)); !errors.Is(err, auth.ErrUnknownKey) {
				t.Errorf("got %v, want %v", err, auth.ErrUnknownKey)
			}
		}
		if got := u.fetches.Load(); got != 1 {
			t.Errorf("%d requests, want 1", got)
		}
	})
}

func TestAKnownKeyIsRefreshedBehindItsUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := realRing(t)
		u := &upstream{handler: auth.JWKSHandler(ring, time.Minute), delay: time.Second}
		keys := u.keys(auth.RemoteKeysConfig{TTL: 5 * time.Minute, MaxStale: time.Hour})
		kid := signing(t, ring)
		ask := func() (took time.Duration, err error) {
			begin := time.Now()
			_, err = keys.Key(t.Context(), kid)
			return time.Since(begin), err
		}
		if took, err := ask(); err != nil || took != time.Second {
			t.Fatalf("the first call took %v: %v", took, err)
		}
		time.Sleep(5 * time.Minute)
		if took, err := ask(); err != nil || took != 0 {
			t.Errorf("a call with an old set took %v: %v", took, err)
		}
		synctest.Wait()
		time.Sleep(2 * time.Second)
		if u.fetches.Load() != 2 || u.unchanged.Load() != 1 {
			t.Errorf("%d requests, %d answered as unchanged; want 2 and 1", u.fetches.Load(), u.unchanged.Load())
		}
		u.down.Store(true)
		time.Sleep(50 * time.Minute)
		if took, err := ask(); err != nil || took != 0 {
			t.Errorf("a call while the URL fails took %v: %v", took, err)
		}
		time.Sleep(20 * time.Minute)
		if _, err := ask(); errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("a call with a set that is too old: %v", err)
		}
		u.down.Store(false)
		time.Sleep(time.Minute)
		if _, err := ask(); err != nil {
			t.Errorf("it did not heal: %v", err)
		}
	})
}

func TestCallersShareOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := realRing(t)
		u := &upstream{handler: auth.JWKSHandler(ring, time.Minute), delay: time.Second}
		keys := u.keys(auth.RemoteKeysConfig{})
		kid := signing(t, ring)
		impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { // the one whose call began the request gives up; the others do not suffer
			if _, err := keys.Key(impatient, kid); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
			}
		})
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				if _, err := keys.Key(t.Context(), kid); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := u.fetches.Load(); got != 1 {
			t.Errorf("%d requests, want 1", got)
		}
	})
}

func TestNoAnswerIsUnavailable(t *testing.T) {
	for name, u := range map[string]*upstream{
		"hangs":      {handler: http.NotFoundHandler(), delay: time.Hour},
		"404":        {handler: http.NotFoundHandler()},
		"not JSON":   {handler: answer("<html>")},
		"no keys":    {handler: answer(`{"keys":[]}`)},
		"weak RSA":   {handler: answer(`{"keys":[{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}]}`)},
		"broken key": {handler: answer(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"AQAB"}]}`)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := u.keys(auth.RemoteKeysConfig{}).Key(t.Context(), "k")
				if e := errs.From(err); e == nil || e.Class != errs.Unavailable || e.RetryAfter <= 0 {
					t.Errorf("got %v, want Unavailable with a time to retry", err)
				}
			})
		})
	}
}

func answer(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
}

// TestRotationUnderLoad issues and verifies tokens for three hours while another
// process rotates the keys every twenty minutes. No token may be refused: neither
// one signed a moment ago nor one about to end.
func TestRotationUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		server, err := auth.OpenKeyring(dir, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		cli, err := auth.OpenKeyring(dir, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		iss, err := auth.NewIssuer(server, auth.IssuerConfig{Issuer: issuer, Audience: audience}, time.Now, counter())
		if err != nil {
			t.Fatal(err)
		}
		u := &upstream{handler: auth.JWKSHandler(server, auth.DefaultPublishDelay), delay: 50 * time.Millisecond}
		v, err := auth.NewVerifier(u.keys(auth.RemoteKeysConfig{}), auth.VerifierConfig{Issuer: issuer, Audience: audience}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		const step = 5 * time.Second
		var live []string
		kids := map[string]bool{}
		for i := range int(3 * time.Hour / step) {
			if i%int(20*time.Minute/step) == 0 {
				if err := cli.Rotate(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			token, _, err := iss.Issue(t.Context(), "u1", []string{auth.RoleUser})
			if err != nil {
				t.Fatal(err)
			}
			kids[signing(t, server)] = true
			live = append(live, token)
			if n := int(auth.DefaultTTL / step); len(live) > n {
				live = live[len(live)-n:]
			}
			var wg sync.WaitGroup
			for _, at := range []int{0, len(live) / 2, len(live) - 1} {
				wg.Go(func() {
					if _, err := v.Verify(t.Context(), live[at]); err != nil {
						t.Errorf("step %d, token %d of %d: %v", i, at, len(live), err)
					}
				})
			}
			wg.Wait()
			time.Sleep(step)
		}
		if len(kids) < 9 {
			t.Errorf("only %d keys signed; the rotation did not happen", len(kids))
		}
		if n := u.fetches.Load(); n > 50 {
			t.Errorf("%d requests for keys in three hours", n)
		}
	})
}
