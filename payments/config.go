package payments

import (
	"time"

	"gamestore.example/pkg/errs"
)

// Backoff is a schedule of tries: First, then twice as long each time, up to Cap.
type Backoff struct {
	First time.Duration
	Cap   time.Duration
}

// Delay returns the wait before try number n, counted from 0.
func (b Backoff) Delay(n int) time.Duration {
	d := b.First
	for ; n > 0 && d < b.Cap; n-- {
		d *= 2
	}
	return min(d, b.Cap)
}

// Config is how patient the service is.
type Config struct {
	// Retry is the schedule of charges that did not reach the provider, and of refunds.
	Retry Backoff
	// Reconcile is the schedule of look-ups of an unknown payment.
	Reconcile Backoff
	// Review is the schedule of look-ups of a payment that a person should look at.
	Review Backoff
	// ReviewTries and ReviewAfter are how many look-ups, and how long, it takes before a
	// person should look. Both must be reached.
	ReviewTries int
	ReviewAfter time.Duration
	// KeyWindow is how long after the first charge the same key may be charged again;
	// at most the constant KeyWindow.
	KeyWindow time.Duration
	// Lease is how long one call to the provider may take until another worker
	// takes over. It must be longer than the provider's timeout.
	Lease time.Duration
	// MinGap is how long Reconcile waits between two look-ups of one payment.
	MinGap time.Duration
	// Concurrency is how many payments are driven at once.
	Concurrency int
	// Poll is how often the worker looks without being woken, for what a crash left
	// and what is due by time. It varies by a fifth.
	Poll time.Duration
	// Grace is how long calls under way may go on when the worker is told to stop.
	Grace time.Duration
}

// DefaultConfig is for a real provider.
func DefaultConfig() Config {
	return Config{
		Retry:       Backoff{First: time.Second, Cap: 30 * time.Second},
		Reconcile:   Backoff{First: time.Second, Cap: 5 * time.Minute},
		Review:      Backoff{First: time.Hour, Cap: 24 * time.Hour},
		ReviewTries: 10,
		ReviewAfter: 15 * time.Minute,
		KeyWindow:   KeyWindow,
		Lease:       30 * time.Second,
		MinGap:      time.Second,
		Concurrency: 64,
		Poll:        time.Second,
		Grace:       4 * time.Second,
	}
}

// Validate returns an Invalid error that names each bad setting, or nil.
func (c Config) Validate() error {
	var bad []errs.Field
	check := func(ok bool, name, message string) {
		if !ok {
			bad = append(bad, errs.Field{Name: name, Message: message})
		}
	}
	check(c.Retry.ok(), "retry", "must grow from a positive delay to a cap")
	check(c.Reconcile.ok(), "reconcile", "must grow from a positive delay to a cap")
	check(c.Review.ok(), "review", "must grow from a positive delay to a cap")
	check(c.ReviewTries > 0, "review tries", "must be positive")
	check(c.ReviewAfter >= 0, "review after", "must not be negative")
	check(c.KeyWindow > 0 && c.KeyWindow <= KeyWindow, "key window", "must be positive and at most 24h")
	check(c.Lease > 0, "lease", "must be positive")
	check(c.MinGap >= 0, "reconcile gap", "must not be negative")
	check(c.Concurrency > 0 && c.Concurrency <= 4096, "concurrency", "must be from 1 to 4096")
	check(c.Poll > 0, "poll", "must be positive")
	check(c.Grace >= 0, "grace", "must not be negative")
	return errs.InvalidFields(bad...)
}

func (b Backoff) ok() bool { return b.First > 0 && b.Cap >= b.First }

// jittered varies a delay by a fifth in both directions, so that payments that
// failed together do not come back together. random is from [0, 1).
func jittered(d time.Duration, random float64) time.Duration {
	return d + time.Duration((random-0.5)*0.4*float64(d))
}

// reviewDue reports whether a person should look at a payment whose look-up just
// ended without an end.
func (c Config) reviewDue(p Payment, now time.Time) bool {
	age := now.Sub(p.UnknownSince)
	return p.Tries+1 >= c.ReviewTries && age >= c.ReviewAfter &&
		(p.Answered >= c.ReviewTries || now.Sub(p.FirstChargeAt) >= c.KeyWindow)
}

// mayChargeAgain reports whether the key of an unknown payment may be sent again.
func (c Config) mayChargeAgain(p Payment, now time.Time) bool {
	return p.Status == Unknown && !p.CancelRequested && now.Sub(p.FirstChargeAt) < c.KeyWindow
}
