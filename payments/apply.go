package payments

import (
	"errors"
	"time"
)

// apply decides what a result makes of a payment as it is now, which may have
// moved on since the step began. It is pure: random, from [0, 1), varies the
// delays. An error is one of the transitions' and leaves the payment unmoved,
// but the attempt is noted where it says something new.
func (c Config) apply(p Payment, r result, now time.Time, random float64) (Payment, []Event, error) {
	next, err := c.move(p, r, now, random)
	if err != nil {
		return note(p, r, now, err), nil, err
	}
	next = next.noted(r, now)
	switch {
	case next.Status == p.Status:
		return next, nil, nil
	case p.Status == Refunding && next.Status == Completed:
		return next, []Event{next.event(PaymentRefundFailed, now)}, nil
	}
	return next, next.end(), nil
}

func (c Config) move(p Payment, r result, now time.Time, random float64) (Payment, error) {
	switch r.outcome {
	case OutcomeCharged:
		return p.Captured(r.reference, now)
	case OutcomeDeclined:
		return p.Declined(r.reason, now)
	case OutcomeMismatch:
		return c.mismatch(p, now)
	case OutcomeRefunded:
		return p.Refunded(now)
	case OutcomeRefused:
		return p.RefundRefused(r.round, r.reason, now)
	case OutcomeNotCharged, OutcomeNotFound, OutcomeProcessing, OutcomeUnknown:
	}
	if p.Lease.ID == "" || p.Lease.ID != r.lease {
		// Somebody else decides now; this result proves nothing that would help.
		return p, ErrRepeated
	}
	switch {
	case p.Status == Refunding:
		return p.RefundUnresolved(now.Add(jittered(c.Retry.Delay(p.Tries), random)), now)
	case p.Status == Charging && r.outcome == OutcomeNotCharged:
		return p.NotCharged(now.Add(jittered(c.Retry.Delay(p.Tries), random)), now)
	}
	return c.unresolved(p, r, now, random)
}

// unresolved schedules the next look-up of a charge whose end is not known, or
// puts it before a person.
func (c Config) unresolved(p Payment, r result, now time.Time, random float64) (Payment, error) {
	if r.kind == KindLookup && (r.outcome == OutcomeNotFound || r.outcome == OutcomeProcessing) {
		p.Answered++
	}
	switch p.Status {
	case Unknown:
		if c.reviewDue(p, now) {
			return p.Review(string(r.outcome), now.Add(jittered(c.Review.Delay(0), random)), now)
		}
		return p.Unresolved(now.Add(jittered(c.Reconcile.Delay(p.Tries+1), random)), now)
	case ManualReview:
		return p.Unresolved(now.Add(jittered(c.Review.Delay(p.Tries+1), random)), now)
	default:
		return p.Unresolved(now.Add(jittered(c.Reconcile.Delay(0), random)), now)
	}
}

// mismatch puts a payment of which another amount was taken before a person.
func (c Config) mismatch(p Payment, now time.Time) (Payment, error) {
	due := now.Add(c.Review.First)
	switch p.Status {
	case Charging:
		lost, err := p.Unresolved(due, now)
		if err != nil {
			return p, err
		}
		return lost.Review(ReasonAmountMismatch, due, now)
	case Unknown:
		return p.Review(ReasonAmountMismatch, due, now)
	case ManualReview:
		return p.Unresolved(due, now)
	case Pending, Completed, Failed, Refunding, Refunded:
	}
	return p, ErrContradiction
}

// noted records the attempt of a result in a payment that was copied already.
func (p Payment) noted(r result, now time.Time) Payment {
	if r.kind == KindWebhook {
		p = p.begin(KindWebhook, now)
		r.attempt = p.lastAttempt()
	}
	return p.finish(r.attempt, now, r.outcome, r.reason)
}

// note records the attempt of a result that moved nothing: a contradiction
// always, a repetition only where it ends an attempt of its own.
func note(p Payment, r result, now time.Time, err error) Payment {
	if r.kind == KindWebhook && !errors.Is(err, ErrContradiction) {
		return p
	}
	return p.changed(now).noted(r, now)
}
