package payments

import (
	"context"
	"errors"
	"time"

	"gamestore.example/pkg/errs"
)

// Deps is what the service and its worker are made of.
type Deps struct {
	Repository Repository
	// Providers can be named by payments; the first one gets the new ones.
	Providers []Provider
	Observer  Observer
	Config    Config
	Now       func() time.Time
	// NewID returns a new unique id.
	NewID func() string
	// Random returns numbers from [0, 1); it varies the delays.
	Random func() float64
	// Resume returns a context that continues the trace of an origin. Nil keeps the
	// context as it is.
	Resume func(context.Context, Origin) context.Context
}

// core is what Service and Worker share: a payment changes, and the observer
// hears of it.
type core struct {
	Deps
	wake chan struct{}
}

// New returns the service and the worker that does what the service accepts.
// An Invalid error names what is missing or out of range.
func New(d Deps) (Service, *Worker, error) {
	if d.Repository == nil || len(d.Providers) == 0 || d.Observer == nil || d.Now == nil || d.NewID == nil || d.Random == nil {
		return nil, nil, errs.New(errs.Invalid, "", "payments: a dependency is missing")
	}
	if err := d.Config.Validate(); err != nil {
		return nil, nil, err
	}
	if d.Resume == nil {
		d.Resume = func(ctx context.Context, _ Origin) context.Context { return ctx }
	}
	c := &core{Deps: d, wake: make(chan struct{}, 1)}
	w := newWorker(c)
	return &service{core: c, worker: w}, w, nil
}

// provider returns the provider with the name.
func (c *core) provider(name string) (Provider, bool) {
	for _, p := range c.Providers {
		if p.Name() == name {
			return p, true
		}
	}
	return nil, false
}

// wakeUp tells the worker that something may be due. It never blocks.
func (c *core) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// lease returns a new lease of one call to the provider.
func (c *core) lease() Lease {
	return Lease{ID: c.NewID(), Until: c.time().Add(c.Config.Lease)}
}

// time is the clock at the precision that every store keeps.
func (c *core) time() time.Time { return c.Now().UTC().Truncate(time.Microsecond) }

// change is Repository.Change, heard by the observer.
func (c *core) change(ctx context.Context, s Selector, m Message, fn Changer) (Payment, error) {
	var before Payment
	after, err := c.Repository.Change(ctx, s, m, func(p Payment) (Payment, []Event, error) {
		before = p
		return fn(p)
	})
	if err == nil && before.ID != "" {
		c.moved(ctx, before.Status, after)
	}
	return after, err
}

func (c *core) moved(ctx context.Context, before Status, p Payment) {
	switch {
	case p.Status == before:
	case before == Refunding && p.Status == Completed:
		c.Observer.RefundRefused(ctx, p)
	default:
		c.Observer.Moved(ctx, p)
	}
}

// record applies a result to a payment and stores what becomes of it.
func (c *core) record(ctx context.Context, s Selector, m Message, read func(Payment) result) (Payment, error) {
	var claim Outcome
	after, err := c.change(ctx, s, m, func(p Payment) (Payment, []Event, error) {
		r := read(p)
		claim = ""
		next, events, err := c.Config.apply(p, r, c.time(), c.Random())
		if errors.Is(err, ErrContradiction) || r.outcome == OutcomeMismatch {
			claim = r.outcome
		}
		// A transition that is not possible is no failure: the evidence was heard.
		return next, events, nil
	})
	if err == nil && claim != "" {
		c.Observer.Contradicted(ctx, after, claim)
	}
	return after, err
}
