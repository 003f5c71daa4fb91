package paymentstest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gamestore.example/payments"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/outbox"
)

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

// IDs returns a function that makes the ids prefix-1, prefix-2, …
func IDs(prefix string) func() string {
	var n atomic.Int64
	return func() string { return fmt.Sprintf("%s-%d", prefix, n.Add(1)) }
}

// BRL returns an amount.
func BRL(amount int64) money.Money { return money.Money{Amount: amount, Currency: "BRL"} }

// Encoder turns an event into the record that is published.
type Encoder = func(ctx context.Context, e payments.Event) (outbox.Record, error)

// NewEncoder returns an Encoder whose records say "<purchase> <event> <reason>" in
// their body and have ids of their own.
func NewEncoder() Encoder {
	id := IDs("event")
	return func(_ context.Context, e payments.Event) (outbox.Record, error) {
		return outbox.Record{AggregateID: e.PaymentID, Type: string(e.Name), Message: bus.Message{
			ID: id(), Key: string(e.Name), Body: fmt.Appendf(nil, "%s %s %s", e.PurchaseID, e.Name, e.Reason),
		}}, nil
	}
}

// Heard is one thing that an Observer heard.
type Heard struct {
	What    string
	Payment payments.Payment
	Err     error
}

// Observer remembers what it hears.
type Observer struct {
	mu    sync.Mutex
	heard []Heard
}

var _ payments.Observer = (*Observer)(nil)

func (o *Observer) hear(what string, p payments.Payment, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.heard = append(o.heard, Heard{What: what, Payment: p, Err: err})
}

// Moved implements payments.Observer.
func (o *Observer) Moved(_ context.Context, p payments.Payment) {
	o.hear("moved to "+string(p.Status), p, nil)
}

// RefundRefused implements payments.Observer.
func (o *Observer) RefundRefused(_ context.Context, p payments.Payment) {
	o.hear("complete again", p, nil)
}

// Attempted implements payments.Observer.
func (o *Observer) Attempted(_ context.Context, p payments.Payment, k payments.Kind, outcome payments.Outcome, err error) {
	o.hear(fmt.Sprintf("%s %s", k, outcome), p, err)
}

// Contradicted implements payments.Observer.
func (o *Observer) Contradicted(_ context.Context, p payments.Payment, claim payments.Outcome) {
	o.hear("contradicted by "+string(claim), p, nil)
}

// Stuck implements payments.Observer.
func (o *Observer) Stuck(_ context.Context, p payments.Payment, err error) { o.hear("stuck", p, err) }

// ClaimFailed implements payments.Observer.
func (o *Observer) ClaimFailed(_ context.Context, err error) {
	o.hear("claim failed", payments.Payment{}, err)
}

// Heard returns everything so far.
func (o *Observer) Heard() []Heard {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.heard)
}

// Count returns how often something was heard.
func (o *Observer) Count(what string) int {
	n := 0
	for _, h := range o.Heard() {
		if h.What == what {
			n++
		}
	}
	return n
}
