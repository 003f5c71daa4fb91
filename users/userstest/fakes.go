package userstest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"gamestore.example/pkg/errs"
	"gamestore.example/users"
)

// Hasher is a users.Hasher that costs nothing and hides nothing: for tests alone.
type Hasher struct {
	// Version is part of each hash; hashes of another Version are stale.
	Version string

	mu       sync.Mutex
	verified []string
	err      error
}

var _ users.Hasher = (*Hasher)(nil)

// Hash implements users.Hasher.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return "plain:" + h.Version + ":" + password, errors.Join(h.err, ctx.Err())
}

// Verify implements users.Hasher.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.verified = append(h.verified, hash)
	if err := errors.Join(h.err, ctx.Err()); err != nil {
		return false, err
	}
	parts := strings.SplitN(hash, ":", 3)
	if hash != "" && (len(parts) != 3 || parts[0] != "plain") {
		return false, errs.New(errs.Internal, "", "not a hash of this hasher")
	}
	return hash != "" && parts[2] == password, nil
}

// Stale implements users.Hasher.
func (h *Hasher) Stale(hash string) bool { return !strings.HasPrefix(hash, "plain:"+h.Version+":") }

// Verified returns the hashes that were verified so far.
func (h *Hasher) Verified() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.verified...)
}

// FailWith makes every call from now on fail; nil mends it.
func (h *Hasher) FailWith(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
}

// Issuer is a users.TokenIssuer whose tokens are readable: "access:<jti>:<user>".
type Issuer struct {
	Now   func() time.Time
	NewID func() string
}

var _ users.TokenIssuer = (*Issuer)(nil)

// Issue implements users.TokenIssuer.
func (i *Issuer) Issue(ctx context.Context, userID string, _ []string) (users.AccessToken, error) {
	id := i.NewID()
	return users.AccessToken{Value: "access:" + id + ":" + userID, ID: id, ExpiresAt: i.Now().Add(15 * time.Minute)}, ctx.Err()
}

// Clock is a clock that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a Clock that shows a time of whole microseconds.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 14, 15, 9, 26, 535897000, time.UTC)} }

// Now returns what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
