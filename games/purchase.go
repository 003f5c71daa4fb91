package games

import (
	"time"

	"gamestore.example/pkg/money"
)

// Status is the state of a purchase; doc.go has the diagram.
type Status string

// The states.
const (
	StatusPending   Status = "pending"
	StatusCompleted Status = "completed"
	StatusFailed    Status = "failed"
	StatusCancelled Status = "cancelled"
	StatusRefunding Status = "refunding"
	StatusRefunded  Status = "refunded"
)

// Statuses returns every state.
func Statuses() []Status {
	return []Status{StatusPending, StatusCompleted, StatusFailed, StatusCancelled, StatusRefunding, StatusRefunded}
}

// Active reports whether the purchase takes the one place that a person has
// for a game.
func (s Status) Active() bool {
	return s == StatusPending || s == StatusCompleted || s == StatusRefunding
}

// Owned reports whether the person has the game: also until a refund succeeded.
func (s Status) Owned() bool { return s == StatusCompleted || s == StatusRefunding }

// Settled reports whether nobody is working on the purchase.
func (s Status) Settled() bool { return s != StatusPending && s != StatusRefunding }

// Purchase is one try of a person to own a game.
type Purchase struct {
	ID     string
	UserID string
	GameID string
	// Price is the game's at acceptance; a later change of the game leaves it.
	Price money.Money
	// PaymentMethod is the payment provider's opaque token; empty is its default.
	PaymentMethod string
	// PaymentID is set once a payment is known; a free game's stays empty.
	PaymentID string
	Status    Status
	// FailureReason is a stable word: why it failed, or, when completed, why the
	// last refund did.
	FailureReason string
	// Version counts visible changes, from 1: the ETag.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	// CompletedAt is zero until it completes; the refund window starts there.
	CompletedAt time.Time
	// AskAt is when the payments service is asked again about a purchase that is not settled.
	AskAt time.Time
	// Asked is how often that was done in the present state.
	Asked int
}

// Payment is what the payments service says about a purchase.
type Payment struct {
	ID     string
	Amount money.Money
	// Reason is the stable word of a failure.
	Reason string
	// Request is, of a refund that failed, the version that the purchase had when it was
	// requested; 0 is not known.
	Request int64
}

// Change is what a transition makes of a purchase.
type Change struct {
	// Purchase is the purchase afterwards.
	Purchase Purchase
	// Events are to be published with it.
	Events []Event
	// Outcome is Applied when there is something to store.
	Outcome Outcome
}

// CounterDelta is what the change of state adds to the game's counter of
// completed purchases: 1 on completion, -1 on a refund.
func CounterDelta(before, after Status) int64 {
	switch {
	case !before.Owned() && after.Owned():
		return 1
	case before.Owned() && !after.Owned():
		return -1
	}
	return 0
}

// NewPurchase starts the purchase of a game at its price: pending, or, when it
// costs nothing, completed at once. p brings the ids and the payment method;
// askAfter is how long it may stay pending before payments is asked again.
func NewPurchase(p Purchase, g Game, askAfter time.Duration, now time.Time) Change {
	p.GameID, p.Price = g.ID, g.Price
	p.Status, p.Version = StatusPending, 1
	p.CreatedAt, p.UpdatedAt, p.AskAt = now, now, now.Add(askAfter)
	c := Change{Purchase: p, Outcome: Applied, Events: []Event{{Name: GamePurchased, At: now, Purchase: p}}}
	if !g.Price.IsZero() {
		return c
	}
	done := p.completed(now)
	c.Purchase = done.Purchase
	c.Events = append(c.Events, done.Events...)
	return c
}

// Complete takes the news that the payment succeeded. ErrAmountMismatch if it is
// not the price that was paid; then nothing is granted.
func (p Purchase) Complete(pay Payment, now time.Time) (Change, error) {
	if pay.Amount != p.Price {
		return Change{}, ErrAmountMismatch.WithDetail("expected", p.Price.String()).WithDetail("paid", pay.Amount.String())
	}
	if p.otherPayment(pay) {
		return p.unchanged(Contradiction), nil
	}
	switch p.Status {
	case StatusPending:
		p.PaymentID = pay.ID
		return p.completed(now), nil
	case StatusCancelled:
		// Paid after all: say again that it is cancelled, so that payments refunds
		// even if it never saw the first cancellation.
		p.PaymentID = pay.ID
		return p.to(StatusCancelled, PurchaseCancelled, now), nil
	case StatusFailed:
		return p.unchanged(Contradiction), nil
	case StatusCompleted, StatusRefunding, StatusRefunded:
	}
	return p.unchanged(Duplicate), nil
}

// Fail takes the news that the payment failed for good.
func (p Purchase) Fail(pay Payment, now time.Time) Change {
	if p.otherPayment(pay) {
		return p.unchanged(Contradiction)
	}
	switch p.Status {
	case StatusPending:
		p.PaymentID, p.FailureReason = pay.ID, pay.Reason
		return p.to(StatusFailed, PurchaseFailed, now)
	case StatusFailed:
		return p.unchanged(Duplicate)
	case StatusCancelled:
		return p.unchanged(Ignored)
	case StatusCompleted, StatusRefunding, StatusRefunded:
	}
	return p.unchanged(Contradiction)
}

// Refunded takes the news that the money went back.
func (p Purchase) Refunded(pay Payment, now time.Time) Change {
	if p.otherPayment(pay) {
		return p.unchanged(Contradiction)
	}
	switch p.Status {
	case StatusRefunding:
		return p.to(StatusRefunded, PurchaseRefunded, now)
	case StatusRefunded:
		return p.unchanged(Duplicate)
	case StatusCancelled:
		return p.unchanged(Ignored)
	case StatusPending, StatusCompleted, StatusFailed:
	}
	return p.unchanged(Contradiction)
}

// RefundFailed takes the news that the money did not go back: the person keeps
// the game. A cancelled purchase whose money stays is a contradiction on
// purpose: somebody has to look.
func (p Purchase) RefundFailed(pay Payment, now time.Time) Change {
	if p.otherPayment(pay) {
		return p.unchanged(Contradiction)
	}
	switch p.Status {
	case StatusRefunding:
		if pay.Request != 0 && pay.Request != p.Version {
			return p.unchanged(Ignored) // an answer to an earlier request, said again
		}
		p.Status, p.FailureReason = StatusCompleted, pay.Reason
		p.Version++
		p.UpdatedAt = now
		return Change{Purchase: p, Outcome: Applied}
	case StatusCompleted:
		return p.unchanged(Duplicate)
	case StatusPending, StatusFailed, StatusCancelled, StatusRefunded:
	}
	return p.unchanged(Contradiction)
}

// Cancel gives up a pending purchase. Cancelling again changes nothing;
// ErrNotCancellable in every other state.
func (p Purchase) Cancel(now time.Time) (Change, error) {
	switch p.Status {
	case StatusPending:
		return p.to(StatusCancelled, PurchaseCancelled, now), nil
	case StatusCancelled:
		return p.unchanged(Duplicate), nil
	case StatusCompleted, StatusFailed, StatusRefunding, StatusRefunded:
	}
	return Change{}, ErrNotCancellable.WithDetail("purchaseStatus", string(p.Status))
}

// RequestRefund asks for the money back, at most window after completion
// (ErrRefundWindow). Asking again changes nothing; ErrNotRefundable if it never
// completed. A free game is given back at once. askAfter is how long the answer may take
// before payments is asked again.
func (p Purchase) RequestRefund(window, askAfter time.Duration, now time.Time) (Change, error) {
	switch p.Status {
	case StatusRefunding, StatusRefunded:
		return p.unchanged(Duplicate), nil
	case StatusPending, StatusFailed, StatusCancelled:
		return Change{}, ErrNotRefundable.WithDetail("purchaseStatus", string(p.Status))
	case StatusCompleted:
	}
	if end := p.CompletedAt.Add(window); now.After(end) {
		return Change{}, ErrRefundWindow.WithDetail("refundableUntil", end)
	}
	p.FailureReason = ""
	if p.Price.IsZero() {
		return p.to(StatusRefunded, PurchaseRefunded, now), nil
	}
	p.AskAt, p.Asked = now.Add(askAfter), 0
	return p.to(StatusRefunding, PurchaseRefundRequested, now), nil
}

// Ask publishes once more what a purchase waits for an answer to, its payment or its
// refund, and sets when to ask next. It is no visible change, so the version stays: by it
// payments tells a repeated question from a new one.
func (p Purchase) Ask(next, now time.Time) Change {
	if p.Status.Settled() || p.AskAt.After(now) {
		return p.unchanged(Ignored)
	}
	question := GamePurchased
	if p.Status == StatusRefunding {
		question = PurchaseRefundRequested
	}
	p.Asked++
	p.AskAt = next
	return Change{Purchase: p, Outcome: Applied, Events: []Event{{Name: question, At: now, Purchase: p}}}
}

func (p Purchase) completed(now time.Time) Change {
	p.CompletedAt = now
	return p.to(StatusCompleted, PurchaseCompleted, now)
}

func (p Purchase) to(s Status, event EventName, now time.Time) Change {
	p.Status = s
	p.Version++
	p.UpdatedAt = now
	return Change{Purchase: p, Outcome: Applied, Events: []Event{{Name: event, At: now, Purchase: p}}}
}

func (p Purchase) unchanged(o Outcome) Change { return Change{Purchase: p, Outcome: o} }

// otherPayment reports whether a second payment claims this purchase.
func (p Purchase) otherPayment(pay Payment) bool {
	return p.PaymentID != "" && pay.ID != p.PaymentID
}
