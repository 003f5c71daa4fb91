package payments

import (
	"time"

	"gamestore.example/pkg/money"
)

// EventName says what happened. The names equal the routing keys of the contract.
type EventName string

// The events of the service.
const (
	PaymentCompleted    EventName = "payment.completed"
	PaymentFailed       EventName = "payment.failed"
	PaymentRefunded     EventName = "payment.refunded"
	PaymentRefundFailed EventName = "payment.refund_failed"
)

// Event is a fact to publish. It is stored in the transaction of the change, and
// gets its id when it is encoded.
type Event struct {
	Name       EventName
	PaymentID  string
	PurchaseID string
	Amount     money.Money
	// Reason is set on PaymentFailed and PaymentRefundFailed.
	Reason string
	// RefundRequest is set on PaymentRefundFailed: the number of the request that was refused.
	RefundRequest int64
	// Sequence is the payment's version.
	Sequence int64
	At       time.Time
	// Origin is what caused it.
	Origin Origin
}

func (p Payment) event(name EventName, at time.Time) Event {
	e := Event{
		Name: name, PaymentID: p.ID, PurchaseID: p.PurchaseID, Amount: p.Amount,
		Sequence: p.Version, At: at, Origin: p.Origin,
	}
	if name == PaymentFailed || name == PaymentRefundFailed {
		e.Reason = p.Reason
	}
	if name == PaymentRefundFailed {
		e.RefundRequest = p.RefundRequest
	}
	return e
}

// end returns the event that says how the payment ended, if it has.
func (p Payment) end() []Event {
	switch p.Status {
	case Completed:
		return []Event{p.event(PaymentCompleted, p.UpdatedAt)}
	case Failed:
		return []Event{p.event(PaymentFailed, p.UpdatedAt)}
	case Refunded:
		return []Event{p.event(PaymentRefunded, p.UpdatedAt)}
	case Pending, Charging, Unknown, ManualReview, Refunding:
	}
	return nil
}

// causedBy returns the events with another origin than the payment's.
func causedBy(o Origin, events []Event) []Event {
	for i := range events {
		events[i].Origin = o
	}
	return events
}

// refundEnd is what a repeated request of a refund is answered with: that it is done, that it
// was refused, or nothing while it is under way.
func (p Payment) refundEnd() []Event {
	if p.Status == Completed {
		return []Event{p.event(PaymentRefundFailed, p.UpdatedAt)}
	}
	return p.end()
}
