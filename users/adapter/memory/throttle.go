package memory

import (
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"gamestore.example/users"
)

// ThrottleConfig says how many attempts a key has.
type ThrottleConfig struct {
	// Attempts is how many may fail in a row, at least 1.
	Attempts int
	// Window is how long it takes until all of them are back; they come back one by
	// one.
	Window time.Duration
	// Keys is how many keys are remembered at once. The one that was used least
	// lately goes first.
	Keys int
}

// Throttle implements users.Throttle with a bucket of attempts for each key. An
// attempt comes back after Window/Attempts, so that no key is ever locked for good.
type Throttle struct {
	attempts float64
	window   time.Duration
	now      func() time.Time

	mu      sync.Mutex
	buckets *lru.Cache[string, *bucket]
}

// bucket is what a key had at a time.
type bucket struct {
	left float64
	at   time.Time
}

var _ users.Throttle = (*Throttle)(nil)

// NewThrottle returns a Throttle in which every key has all its attempts.
func NewThrottle(cfg ThrottleConfig, now func() time.Time) (*Throttle, error) {
	if cfg.Attempts < 1 || cfg.Window <= 0 || cfg.Keys < 1 {
		return nil, fmt.Errorf("throttle: %d attempts in %v for %d keys: each must be positive", cfg.Attempts, cfg.Window, cfg.Keys)
	}
	buckets, err := lru.New[string, *bucket](cfg.Keys)
	if err != nil {
		return nil, fmt.Errorf("throttle: %w", err)
	}
	return &Throttle{attempts: float64(cfg.Attempts), window: cfg.Window, now: now, buckets: buckets}, nil
}

// Take implements users.Throttle.
func (t *Throttle) Take(key string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.refilled(key)
	if b.left < 1 {
		perAttempt := t.window.Seconds() / t.attempts
		wait := time.Duration((1 - b.left) * perAttempt * float64(time.Second))
		return users.ErrTooManyAttempts.WithRetryAfter(wait)
	}
	b.left--
	return nil
}

// GiveBack implements users.Throttle.
func (t *Throttle) GiveBack(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.refilled(key)
	b.left = min(b.left+1, t.attempts)
}

// refilled returns the key's bucket as it is now.
func (t *Throttle) refilled(key string) *bucket {
	now := t.now()
	b, ok := t.buckets.Get(key)
	if !ok {
		b = &bucket{left: t.attempts, at: now}
		t.buckets.Add(key, b)
		return b
	}
	// A clock that was set back refills nothing, and takes nothing away.
	if passed := now.Sub(b.at); passed > 0 {
		b.left = min(b.left+t.attempts*passed.Seconds()/t.window.Seconds(), t.attempts)
	}
	b.at = now
	return b
}
