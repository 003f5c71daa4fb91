package auth_test

import (
	"strconv"
	"testing"
	"time"

	"gamestore.example/pkg/auth"
)

// clock is a clock that stands still until it is moved.
type clock struct{ t time.Time }

func newClock() *clock                   { return &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }
func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

// counter returns ids "1", "2", …
func counter() func() string {
	n := 0
	return func() string { n++; return strconv.Itoa(n) }
}

const (
	issuer   = "https://gamestore.example"
	audience = "gamestore"
)

func newRing(t *testing.T, c *clock, opts ...auth.KeyringOption) *auth.Keyring {
	t.Helper()
	ring, err := auth.OpenKeyring(t.TempDir(), c.now, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func newIssuer(t *testing.T, ring *auth.Keyring, c *clock) *auth.Issuer {
	t.Helper()
	i, err := auth.NewIssuer(ring, auth.IssuerConfig{Issuer: issuer, Audience: audience}, c.now, counter())
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func newVerifier(t *testing.T, keys auth.KeySource, c *clock) *auth.Verifier {
	t.Helper()
	v, err := auth.NewVerifier(keys, auth.VerifierConfig{Issuer: issuer, Audience: audience, Leeway: 30 * time.Second}, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAnIssuedTokenIsGood(t *testing.T) {
	c := newClock()
	ring := newRing(t, c)
	token, expires, err := newIssuer(t, ring, c).Issue(t.Context(), "u1", []string{auth.RoleUser, auth.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	if want := c.now().Add(auth.DefaultTTL); !expires.Equal(want) {
		t.Errorf("expires %v, want %v", expires, want)
	}
	v := newVerifier(t, ring, c)
	for _, how := range []string{"parsed", "cached"} {
		p, err := v.Verify(t.Context(), token)
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		if p.UserID != "u1" || !p.IsAdmin() || p.TokenID != "1" || !p.ExpiresAt.Equal(expires) {
			t.Errorf("%s: got %+v", how, p)
		}
	}
}
