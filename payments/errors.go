package payments

import "gamestore.example/pkg/errs"

// The failures of the service. Clients may switch on their codes.
var (
	ErrPaymentNotFound = errs.New(errs.NotFound, "payment-not-found", "no such payment")
	// ErrBusy says that a worker is driving the payment at this moment.
	ErrBusy = errs.New(errs.Conflict, "payment-busy", "the payment is being worked on; try again in a moment")
	// ErrTooSoon says that the payment was looked up a moment ago.
	ErrTooSoon = errs.New(errs.RateLimited, "reconciled-a-moment-ago", "the payment was looked up a moment ago")
	// ErrNotRefundable is retried when it meets a message: what was paid may be known a moment later.
	ErrNotRefundable = errs.New(errs.Conflict, "not-refundable", "only a completed payment can be refunded")
	// ErrPurchaseMismatch says that a message about a known purchase names another
	// amount. No retry mends it.
	ErrPurchaseMismatch = errs.New(errs.Invalid, "purchase-mismatch", "the purchase is known with another amount")

	ErrUnknownProvider  = errs.New(errs.NotFound, "unknown-provider", "no such payment provider")
	ErrInvalidSignature = errs.New(errs.Unauthenticated, "invalid-signature", "the webhook's signature is not valid")
	ErrMalformedWebhook = errs.New(errs.Invalid, "malformed-webhook", "the webhook's body is not an event of the provider")
)

// What transitions return; see transitions.go.
var (
	ErrTransition    = errs.New(errs.Conflict, "illegal-transition", "the payment is not in a state for this")
	ErrRepeated      = errs.New(errs.Conflict, "already-so", "the payment already is so")
	ErrContradiction = errs.New(errs.Conflict, "contradiction", "this cannot be true of the payment")
)

// What a Provider returns; see ports.go.
var (
	// ErrNotCharged says that a call certainly did not reach the provider.
	ErrNotCharged = errs.New(errs.Unavailable, "provider-not-reached", "the payment provider was not reached")
	// ErrUnknownKey says that the provider does not know a charge with the key, now.
	ErrUnknownKey = errs.New(errs.NotFound, "unknown-charge", "the payment provider does not know the charge")
)

// DeclinedError is a provider's definite no: the money did not move, and will not.
type DeclinedError struct {
	// Reason is a stable word, such as "card_declined".
	Reason string
}

// Error returns the reason, for the log.
func (e *DeclinedError) Error() string {
	return "the payment provider declined: " + e.Reason
}
