package payments

import (
	"context"
	"time"

	"gamestore.example/pkg/errs"
)

// storeTimeout bounds how long the result of a step is tried to be stored. After
// that the lease runs out and the next worker asks the provider again.
const storeTimeout = 5 * time.Second

// drive takes a claimed payment one step and stores what came of it. The step may
// be two calls: a look-up that finds nothing, then another charge.
func (c *core) drive(ctx context.Context, p Payment) (Payment, error) {
	ctx = c.Resume(ctx, p.Origin)
	r := c.call(ctx, p)
	if r.outcome == OutcomeNotFound && c.Config.mayChargeAgain(p, c.time()) {
		again, err := c.chargeAgain(ctx, p, r)
		if err != nil || again.Lease.ID == "" || again.Lease.ID != r.lease {
			return again, err
		}
		p, r = again, c.charge(ctx, again)
	}
	return c.store(ctx, p, func(ctx context.Context) (Payment, error) {
		return c.record(ctx, ByID(p.ID), Message{}, func(Payment) result { return r })
	})
}

// call asks the provider what the state asks for.
func (c *core) call(ctx context.Context, p Payment) result {
	switch p.Status {
	case Charging:
		return c.charge(ctx, p)
	case Refunding:
		return c.refund(ctx, p)
	default:
		return c.lookup(ctx, p)
	}
}

func (c *core) charge(ctx context.Context, p Payment) result {
	r := stepResult(KindCharge, p)
	provider, ok := c.provider(p.Provider)
	if !ok {
		r.outcome, r.reason = OutcomeNotCharged, ReasonNoProvider
		return c.attempted(ctx, p, r)
	}
	charge, err := provider.Charge(ctx, ChargeRequest{
		Key: p.ID, Reference: p.PurchaseID, Amount: p.Amount, Method: p.Method,
	})
	return c.attempted(ctx, p, r.charge(p.Amount, charge, err))
}

func (c *core) lookup(ctx context.Context, p Payment) result {
	r := stepResult(KindLookup, p)
	provider, ok := c.provider(p.Provider)
	if !ok {
		r.outcome, r.reason = OutcomeUnknown, ReasonNoProvider
		return c.attempted(ctx, p, r)
	}
	charge, err := provider.Lookup(ctx, p.ID)
	return c.attempted(ctx, p, r.charge(p.Amount, charge, err))
}

func (c *core) refund(ctx context.Context, p Payment) result {
	r := stepResult(KindRefund, p)
	provider, ok := c.provider(p.Provider)
	if !ok {
		r.outcome, r.reason = OutcomeUnknown, ReasonNoProvider
		return c.attempted(ctx, p, r)
	}
	refund, err := provider.Refund(ctx, RefundRequest{
		Key: p.RefundKey(), ChargeKey: p.ID, ChargeReference: p.Reference, Amount: p.Amount,
	})
	return c.attempted(ctx, p, r.refund(p.Amount, refund, err))
}

func (c *core) attempted(ctx context.Context, p Payment, r result) result {
	c.Observer.Attempted(ctx, p, r.kind, r.outcome, r.err)
	return r
}

// chargeAgain stores the look-up that found nothing and the charge that follows,
// before it is made. If the payment moved meanwhile it is returned without the
// lease.
func (c *core) chargeAgain(ctx context.Context, p Payment, lookup result) (Payment, error) {
	return c.store(ctx, p, func(ctx context.Context) (Payment, error) {
		return c.change(ctx, ByID(p.ID), Message{}, func(p Payment) (Payment, []Event, error) {
			now := c.time()
			if p.Lease.ID != lookup.lease || !c.Config.mayChargeAgain(p, now) {
				next, events, _ := c.Config.apply(p, lookup, now, c.Random())
				return next, events, nil
			}
			noted := p.changed(now).noted(lookup, now)
			noted.Answered++
			next, err := noted.ChargeAgain(Lease{ID: lookup.lease, Until: now.Add(c.Config.Lease)}, now)
			return next, nil, err
		})
	})
}

// store tries again while the repository is down, whether or not the caller still
// waits: what the provider said must not be lost lightly.
func (c *core) store(ctx context.Context, p Payment, do func(context.Context) (Payment, error)) (Payment, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	for n := 0; ; n++ {
		stored, err := do(ctx)
		if err == nil {
			return stored, nil
		}
		if errs.ClassOf(err) != errs.Unavailable || wait(ctx, Backoff{First: 20 * time.Millisecond, Cap: time.Second}.Delay(n)) != nil {
			c.Observer.Stuck(ctx, p, err)
			return p, err
		}
	}
}

// wait waits for a time, or returns the context's end.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
