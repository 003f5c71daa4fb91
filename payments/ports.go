package payments

import (
	"context"
	"time"

	"gamestore.example/pkg/money"
)

// Message is the delivery that causes a change. The repository remembers it in
// the transaction of the change, and drops what it has seen. The zero Message
// is none: nothing is remembered.
type Message struct {
	// Consumer tells apart those who handle the same message.
	Consumer string
	ID       string
}

// Selector names one payment: by its id or by its purchase.
type Selector struct {
	ID         string
	PurchaseID string
}

// ByID selects a payment by its id.
func ByID(id string) Selector { return Selector{ID: id} }

// ByPurchase selects the payment of a purchase.
func ByPurchase(id string) Selector { return Selector{PurchaseID: id} }

// Changer decides what becomes of a payment, and which events to publish with it.
// It must be pure: a repository may call it again. To change nothing it returns
// the payment as it was; an error undoes everything, the message included.
type Changer func(Payment) (Payment, []Event, error)

// Repository keeps payments. What a method stores, the message it remembers and the
// events it writes are one transaction; when it returns an error, none of them
// happened, or, after a failed commit, it is unknown whether all did. An
// Unavailable error says that the store is down and the same call may succeed
// later.
type Repository interface {
	// Accept stores a new payment. If its purchase has one already, known decides
	// what to do with that, as in Change. It returns what is stored afterwards.
	// A message that was seen before changes nothing.
	Accept(ctx context.Context, m Message, p Payment, known Changer) (Payment, error)
	// Change loads the payment, stores what fn makes of it and returns that. A message
	// that was seen before changes nothing and returns the payment as it is.
	// ErrPaymentNotFound if there is none; then the message is not remembered.
	Change(ctx context.Context, s Selector, m Message, fn Changer) (Payment, error)
	// Claim takes at most limit payments that are due at the time, the longest due
	// first, stores what start makes of each, and returns that. One payment is
	// claimed once, however many workers claim at the same time, until it is due
	// again.
	Claim(ctx context.Context, now time.Time, limit int, start func(Payment) (Payment, error)) ([]Payment, error)
	// Get returns a payment, or ErrPaymentNotFound.
	Get(ctx context.Context, s Selector) (Payment, error)
	// Count returns how many payments are in a state.
	Count(ctx context.Context, s Status) (int64, error)
}

// KeyWindow is how long a Provider honours a key: a call repeated with the same key
// within it never moves money twice.
const KeyWindow = 24 * time.Hour

// Provider is a payment provider. Every call that moves money is idempotent by its
// key for KeyWindow, concurrent calls with one key included. An answer is
// definite only if this contract says so; every other error means that nobody
// knows what happened.
type Provider interface {
	// Name is the provider's name in webhook addresses and in payments, a lower-case
	// word that never changes.
	Name() string
	// Charge takes the money. A *DeclinedError is definite: it was not taken and will
	// not be under this key. ErrNotCharged is definite too: the call did not reach
	// the provider. A Charge whose Status is ChargeProcessing is decided later.
	Charge(ctx context.Context, r ChargeRequest) (Charge, error)
	// Lookup says what became of the charge with the key. ErrUnknownKey if the
	// provider has not seen it, which proves nothing about a call that may still be
	// on its way. Every other error is no answer.
	Lookup(ctx context.Context, key string) (Charge, error)
	// Refund gives money back. A *DeclinedError is definite: it did not go back and
	// will not under this key. Never more than was captured goes back in total.
	Refund(ctx context.Context, r RefundRequest) (Refund, error)
	// ParseWebhook checks the signature over the raw body and decodes it. Names of
	// headers are in lower case. ErrInvalidSignature if it is not the provider's or
	// is too old; ErrMalformedWebhook if it cannot be read.
	ParseWebhook(headers map[string]string, body []byte) (WebhookEvent, error)
}

// ChargeRequest asks for money.
type ChargeRequest struct {
	// Key is the idempotency key: the payment's id.
	Key string
	// Reference is shown in the provider's books: the purchase's id.
	Reference string
	Amount    money.Money
	// Method is the provider's opaque token; empty means its default.
	Method string
}

// ChargeStatus is what a provider says about a charge.
type ChargeStatus string

// The states of a charge at the provider.
const (
	ChargeCaptured   ChargeStatus = "captured"
	ChargeDeclined   ChargeStatus = "declined"
	ChargeProcessing ChargeStatus = "processing"
)

// Charge is a charge as the provider knows it.
type Charge struct {
	Status ChargeStatus
	// Reference is the provider's own id of it.
	Reference string
	// Amount is what was captured.
	Amount money.Money
	// Reason is a stable word when it was declined.
	Reason string
}

// RefundRequest asks for money to go back.
type RefundRequest struct {
	// Key is the refund's idempotency key.
	Key string
	// ChargeKey is the key of the charge, ChargeReference the provider's own id of it.
	ChargeKey       string
	ChargeReference string
	Amount          money.Money
}

// Refund is a refund that happened.
type Refund struct {
	// Reference is the provider's own id of it.
	Reference string
	Amount    money.Money
}

// WebhookKind is what a provider tells by itself.
type WebhookKind string

// The kinds. WebhookOther is everything that means nothing for a payment.
const (
	WebhookCaptured WebhookKind = "captured"
	WebhookDeclined WebhookKind = "declined"
	WebhookRefunded WebhookKind = "refunded"
	WebhookRefused  WebhookKind = "refused"
	WebhookOther    WebhookKind = "other"
)

// WebhookEvent is something a provider told by itself.
type WebhookEvent struct {
	// ID is unique per event; the same event may come several times.
	ID   string
	Kind WebhookKind
	// Key is the charge's key; RefundKey the refund's, when it is about one.
	Key       string
	RefundKey string
	// Reference is the provider's own id of the charge.
	Reference string
	Amount    money.Money
	// Reason is a stable word of a refusal.
	Reason string
}

// Observer hears what became of payments, after it was stored, and how calls to the
// provider end. It must be quick.
type Observer interface {
	// Moved hears a payment that came to another state.
	Moved(ctx context.Context, p Payment)
	// RefundRefused hears a payment that is complete again because its refund was
	// refused.
	RefundRefused(ctx context.Context, p Payment)
	// Attempted hears how a call to the provider ended. err is its error, if any, for
	// the log alone.
	Attempted(ctx context.Context, p Payment, k Kind, o Outcome, err error)
	// Contradicted hears a claim that cannot be true of the payment.
	Contradicted(ctx context.Context, p Payment, claim Outcome)
	// Stuck hears that the result of a step could not be stored: after the lease
	// somebody else takes over.
	Stuck(ctx context.Context, p Payment, err error)
	// ClaimFailed hears that the worker could not see what is due; it tries again.
	ClaimFailed(ctx context.Context, err error)
}
