package security_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"gamestore.example/pkg/auth"
)

// TestSecurity02 changes the signing key while everybody works, and asks for keys that
// nobody has.
func TestSecurity02(t *testing.T) {
	t.Run("a rotation under load refuses nobody", rotation)
	t.Run("a thousand invented keys are one request", invented)
}

func rotation(t *testing.T) {
	h := open(t, setup{})
	id, _ := h.at("near").join("ana@example.com")
	ring := h.users.Keyring()
	issuer, err := auth.NewIssuer(ring, auth.IssuerConfig{Issuer: issuerName, Audience: issuerName}, h.clock.now, uuid.NewString)
	h.must(err)
	ctx, stop := context.WithCancel(t.Context())
	var (
		crowd sync.WaitGroup
		calls atomic.Int64
		kids  sync.Map
	)
	doors := []string{"near", "far", "users"}
	for i := range 6 {
		door := h.at(doors[i%len(doors)])
		crowd.Go(func() {
			for ctx.Err() == nil {
				signer, err := ring.Signer()
				token, _, err2 := issuer.Issue(ctx, id, []string{auth.RoleUser})
				if ctx.Err() != nil {
					return
				}
				if err != nil || err2 != nil {
					t.Error(err, err2)
					return
				}
				kids.Store(signer.ID, true)
				if a, err := door.as(token).try(http.MethodGet, "/api/users/me", ""); err != nil || a.status != http.StatusOK {
					t.Errorf("%v: %d %s", err, a.status, a.text)
					return
				}
				calls.Add(1)
			}
		})
	}
	// Each step lets everybody call some times: before the new key signs, when it does,
	// and after the old one has gone.
	h.must(ring.Rotate(t.Context()))
	for range 12 {
		before := calls.Load()
		eventually(t, "everybody calls", func() bool { return calls.Load() > before+20 || t.Failed() })
		h.clock.advance(time.Minute)
	}
	stop()
	crowd.Wait()
	signed := 0
	kids.Range(func(any, any) bool { signed++; return true })
	if signed != 2 {
		t.Errorf("%d keys have signed, want both", signed)
	}
}

func invented(t *testing.T) {
	h := open(t, setup{})
	id, access := h.at("near").join("ana@example.com")
	far := h.at("far")
	far.as(access).want(http.StatusOK, http.MethodGet, "/api/users/me", "") // the gateway has the keys
	h.clock.advance(time.Minute)                                            // and may ask again
	f, before := h.forger(id), h.keyFetches.Load()
	for range 1000 {
		token := f.token(f.header().with(members{"kid": uuid.NewString()}), f.good, f.ours)
		far.as(token).want(http.StatusUnauthorized, http.MethodGet, "/api/users/me", "")
	}
	if n := h.keyFetches.Load() - before; n > 1 {
		t.Errorf("1000 invented keys made %d requests, want at most 1", n)
	}
	far.as(access).want(http.StatusOK, http.MethodGet, "/api/users/me", "")
}
