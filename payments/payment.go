package payments

import (
	"slices"
	"time"

	"gamestore.example/pkg/money"
)

// Status is the state of a payment; doc.go has the diagram.
type Status string

// The states.
const (
	// Pending has not been tried, or certainly did not reach the provider.
	Pending Status = "pending"
	// Charging has a charge under way.
	Charging Status = "charging"
	// Unknown was charged or not: nobody knows yet.
	Unknown Status = "unknown"
	// ManualReview is unknown for so long that a person should look.
	ManualReview Status = "manual_review"
	// Completed has the money.
	Completed Status = "completed"
	// Failed never took the money and never will.
	Failed Status = "failed"
	// Refunding is giving the money back.
	Refunding Status = "refunding"
	// Refunded has given it back.
	Refunded Status = "refunded"
)

// Statuses returns every state.
func Statuses() []Status {
	return []Status{Pending, Charging, Unknown, ManualReview, Completed, Failed, Refunding, Refunded}
}

// Unresolved reports whether the provider may hold money that nobody knows of.
func (s Status) Unresolved() bool { return s == Charging || s == Unknown || s == ManualReview }

// Paid reports whether the money was taken, given back since or not.
func (s Status) Paid() bool { return s == Completed || s == Refunding || s == Refunded }

// Lease is one worker's right to drive a payment for a while.
type Lease struct {
	// ID tells one claim from every other; empty means none.
	ID string
	// Until is when another worker may take over.
	Until time.Time
}

// Origin is what a payment was caused by. It is stored, because most of the
// work happens long after the message that asked for it.
type Origin struct {
	// CorrelationID is the request id of the client's call that started it all.
	CorrelationID string
	// CausationID is the id of the event that asked for the current work.
	CausationID string
	// Trace is the trace context of that event's handling.
	Trace map[string]string
}

// Payment is one try to take the money for a purchase.
type Payment struct {
	// ID is also the provider's idempotency key of the charge.
	ID         string
	PurchaseID string
	UserID     string
	Amount     money.Money
	// Method is the provider's opaque token; empty means its default.
	Method string
	// Provider is the name of the provider that was chosen at acceptance.
	Provider string
	// Reference is the provider's own id of the charge, once known.
	Reference string
	Status    Status
	// Reason is a stable word: why it failed, why it needs a review, or, when
	// completed, why the last refund was refused.
	Reason string
	// CancelRequested says that the purchase was cancelled: money that was taken or
	// will turn out to be taken goes back.
	CancelRequested bool
	// RefundRound numbers the refunds that were asked for, from 1. A new one begins
	// only after the provider definitely refused the one before.
	RefundRound int
	// RefundRequest is the number of the request that began the present refund; 0 for none
	// and for what has no number. A request with a number not above it is a repetition.
	RefundRequest int64
	// Attempts are the calls to the provider and what it told, oldest first.
	Attempts []Attempt
	// Tries counts attempts without an end in the present phase: the exponent of
	// the backoff.
	Tries int
	// Answered counts look-ups that the provider answered without knowing an end.
	Answered int
	// FirstChargeAt is when the key was sent first; zero before that.
	FirstChargeAt time.Time
	// UnknownSince is when the last charge's end became unknown; zero if it never did.
	UnknownSince time.Time
	// DueAt is when a worker may take it; while it is leased, that is the end of the
	// lease. Zero means that there is nothing to do.
	DueAt time.Time
	// Lease is the claim of whoever drives it now.
	Lease  Lease
	Origin Origin
	// Version counts changes, from 1.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// NewPayment returns a pending payment that is due at once. p brings ids, amount,
// method, provider and origin.
func NewPayment(p Payment, now time.Time) Payment {
	p.Status, p.Version = Pending, 1
	p.CreatedAt, p.UpdatedAt, p.DueAt = now, now, now
	return p
}

// Leased reports whether a worker holds the payment at the time.
func (p Payment) Leased(now time.Time) bool { return p.Lease.ID != "" && p.Lease.Until.After(now) }

// RefundKey is the provider's idempotency key of the present refund.
func (p Payment) RefundKey() string { return refundKey(p.ID, p.RefundRound) }

// changed returns a copy that may be written to without touching the original.
func (p Payment) changed(now time.Time) Payment {
	p.Attempts = slices.Clone(p.Attempts)
	p.Version++
	p.UpdatedAt = now
	return p
}

// settle leaves the state with nothing to do.
func (p Payment) settle(s Status, reason string) Payment {
	p.Status, p.Reason = s, reason
	p.DueAt, p.Lease, p.Tries = time.Time{}, Lease{}, 0
	return p
}

// schedule gives the lease back until a later try.
func (p Payment) schedule(due time.Time) Payment {
	p.DueAt, p.Lease = due, Lease{}
	return p
}

// hold gives the payment to a worker.
func (p Payment) hold(l Lease) Payment {
	p.DueAt, p.Lease = l.Until, l
	return p
}
