package payments

import (
	"fmt"
	"time"
)

// The transitions are pure: each takes a payment and returns what becomes of it,
// or one of these errors and the payment as it was.
//
//   - ErrTransition: not possible in this state.
//   - ErrRepeated: it already is so; nothing is to be done.
//   - ErrContradiction: it cannot be true together with what is known.

// Start begins a worker's next step under its lease: a charge of a pending
// payment, a look-up of an unresolved one, a refund of a refunding one. A payment
// that is still Charging lost its worker and becomes Unknown.
func (p Payment) Start(l Lease, now time.Time) (Payment, error) {
	if p.DueAt.IsZero() || p.DueAt.After(now) {
		return p, ErrTransition.WithDetail("reason", "nothing is due")
	}
	return p.start(l, now)
}

// Force is Start without waiting until it is due. ErrBusy if a worker has it.
func (p Payment) Force(l Lease, now time.Time) (Payment, error) {
	if p.Leased(now) {
		return p, ErrBusy
	}
	return p.start(l, now)
}

func (p Payment) start(l Lease, now time.Time) (Payment, error) {
	next := p.changed(now).interrupt(now).hold(l)
	switch p.Status {
	case Pending:
		next.Status = Charging
		if next.FirstChargeAt.IsZero() {
			next.FirstChargeAt = now
		}
		return next.begin(KindCharge, now), nil
	case Charging:
		return next.lost(now).begin(KindLookup, now), nil
	case Unknown, ManualReview:
		return next.begin(KindLookup, now), nil
	case Refunding:
		return next.begin(KindRefund, now), nil
	case Completed, Failed, Refunded:
	}
	return p, illegal("start", p.Status)
}

// ChargeAgain begins another charge with the same key after a look-up that found
// nothing. It is only for an unknown payment that nobody cancelled.
func (p Payment) ChargeAgain(l Lease, now time.Time) (Payment, error) {
	if p.Status != Unknown || p.CancelRequested {
		return p, illegal("charge again", p.Status)
	}
	return p.changed(now).interrupt(now).hold(l).begin(KindCharge, now), nil
}

// Captured takes the evidence that the money was taken: the payment completes, or
// goes straight on to the refund when it was cancelled.
func (p Payment) Captured(reference string, now time.Time) (Payment, error) {
	switch p.Status {
	case Charging, Unknown, ManualReview:
		next := p.changed(now).settle(Completed, "")
		next.Reference = reference
		if next.CancelRequested {
			next = next.refunding(now)
		}
		return next, nil
	case Completed, Refunding, Refunded:
		return p, ErrRepeated
	case Failed:
		return p, ErrContradiction
	case Pending:
	}
	return p, illegal("capture", p.Status)
}

// Declined takes the evidence that the money was not taken and will not be.
func (p Payment) Declined(reason string, now time.Time) (Payment, error) {
	switch p.Status {
	case Charging, Unknown, ManualReview:
		return p.changed(now).settle(Failed, reason), nil
	case Failed:
		return p, ErrRepeated
	case Completed, Refunding, Refunded:
		return p, ErrContradiction
	case Pending:
	}
	return p, illegal("decline", p.Status)
}

// NotCharged takes the certainty that a charge did not reach the provider: it is
// tried again when due, or never if it was cancelled meanwhile. Only a payment
// that is Charging can know that: of an unknown one an earlier charge may have
// arrived.
func (p Payment) NotCharged(due, now time.Time) (Payment, error) {
	if p.Status != Charging {
		return p, illegal("give up charging", p.Status)
	}
	next := p.changed(now)
	next.FirstChargeAt = time.Time{}
	if p.CancelRequested {
		return next.settle(Failed, ReasonCancelled), nil
	}
	next.Status, next.Tries = Pending, p.Tries+1
	return next.schedule(due), nil
}

// Unresolved ends a step that found no end: a charge becomes Unknown, and what
// was unresolved before stays so until it is due again.
func (p Payment) Unresolved(due, now time.Time) (Payment, error) {
	next := p.changed(now)
	switch p.Status {
	case Charging:
		return next.lost(now).schedule(due), nil
	case Unknown, ManualReview:
		next.Tries++
		return next.schedule(due), nil
	case Pending, Completed, Failed, Refunding, Refunded:
	}
	return p, illegal("leave open", p.Status)
}

// Review puts an unknown payment before a person. It is looked up again when due.
func (p Payment) Review(reason string, due, now time.Time) (Payment, error) {
	if p.Status != Unknown {
		return p, illegal("review", p.Status)
	}
	return p.changed(now).settle(ManualReview, reason).schedule(due), nil
}

// Cancel takes the purchase's cancellation. A pending payment fails, one under way
// is marked, and money that was taken goes back.
func (p Payment) Cancel(now time.Time) (Payment, error) {
	next := p.changed(now)
	switch p.Status {
	case Pending:
		return next.settle(Failed, ReasonCancelled), nil
	case Charging, Unknown, ManualReview:
		if p.CancelRequested {
			return p, ErrRepeated
		}
		next.CancelRequested = true
		return next, nil
	case Completed:
		next.CancelRequested = true
		return next.refunding(now), nil
	case Failed, Refunding, Refunded:
		return p, ErrRepeated
	}
	return p, illegal("cancel", p.Status)
}

// RequestRefund asks for the money back. A request with the number of one that was refused
// is ErrRepeated: what was refused is not tried again because somebody asks again about it.
// The number 0 is none.
func (p Payment) RequestRefund(request int64, now time.Time) (Payment, error) {
	switch p.Status {
	case Completed:
		if request > 0 && request <= p.RefundRequest {
			return p, ErrRepeated
		}
		next := p.changed(now).refunding(now)
		next.RefundRequest = max(request, p.RefundRequest)
		return next, nil
	case Refunding, Refunded:
		return p, ErrRepeated
	case Pending, Charging, Unknown, ManualReview, Failed:
	}
	return p, ErrNotRefundable.WithDetail("status", string(p.Status))
}

// Refunded takes the evidence that the money went back.
func (p Payment) Refunded(now time.Time) (Payment, error) {
	switch p.Status {
	case Refunding:
		return p.changed(now).settle(Refunded, ""), nil
	case Refunded:
		return p, ErrRepeated
	case Pending, Charging, Unknown, ManualReview, Completed, Failed:
	}
	return p, ErrContradiction
}

// RefundRefused takes the evidence that the refund of a round did not and will
// not happen: the payment is complete as before.
func (p Payment) RefundRefused(round int, reason string, now time.Time) (Payment, error) {
	switch p.Status {
	case Refunding:
		if round != p.RefundRound {
			return p, ErrRepeated
		}
		return p.changed(now).settle(Completed, reason), nil
	case Completed:
		if round != 0 && round <= p.RefundRound {
			return p, ErrRepeated
		}
	case Pending, Charging, Unknown, ManualReview, Failed, Refunded:
	}
	return p, ErrContradiction
}

// RefundUnresolved ends a refund whose end is not known: the same refund is tried
// again when due.
func (p Payment) RefundUnresolved(due, now time.Time) (Payment, error) {
	if p.Status != Refunding {
		return p, illegal("leave the refund open", p.Status)
	}
	next := p.changed(now)
	next.Tries++
	return next.schedule(due), nil
}

// lost makes a charge without a known end Unknown.
func (p Payment) lost(now time.Time) Payment {
	p.Status, p.UnknownSince, p.Tries, p.Answered = Unknown, now, 0, 0
	return p
}

func (p Payment) refunding(now time.Time) Payment {
	p = p.settle(Refunding, "").schedule(now)
	p.RefundRound++
	return p
}

func refundKey(paymentID string, round int) string {
	return fmt.Sprintf("%s-refund-%d", paymentID, round)
}

func illegal(what string, in Status) error {
	return ErrTransition.WithDetail("transition", what).WithDetail("status", string(in))
}
