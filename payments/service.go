package payments

import (
	"context"
	"errors"
	"time"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

// Names under which the service remembers messages.
const (
	ConsumerPurchases     = "payments.purchases"
	ConsumerCancellations = "payments.cancellations"
	ConsumerRefunds       = "payments.refunds"
	// ConsumerWebhooks is followed by a dot and the provider's name.
	ConsumerWebhooks = "payments.webhooks"
)

// Service is what clients and other services ask for.
type Service interface {
	// AcceptPurchase begins the payment of a purchase. It does nothing for a purchase
	// that costs nothing, and for one that it knows it only says again how the
	// payment ended. ErrPurchaseMismatch if it is known with another amount.
	AcceptPurchase(ctx context.Context, cmd AcceptPurchase) error
	// CancelPurchase takes no money for a purchase any more, and gives back what was
	// taken. Idempotent. ErrPaymentNotFound if the purchase is not known yet.
	CancelPurchase(ctx context.Context, cmd CancelPurchase) error
	// RequestRefund gives the money of a purchase back. It does nothing while that is
	// under way, and says again that it is done, or that this very request was refused. ErrPaymentNotFound if the purchase
	// is not known, ErrNotRefundable if it is not paid, ErrPurchaseMismatch if the
	// amount is not what was paid.
	RequestRefund(ctx context.Context, cmd RequestRefund) error
	// GetPayment returns a payment of the actor, or of anybody for an admin;
	// ErrPaymentNotFound for all others.
	GetPayment(ctx context.Context, q GetPayment) (Payment, error)
	// FindPayment returns the payment of a purchase, like GetPayment.
	FindPayment(ctx context.Context, q FindPayment) (Payment, error)
	// Reconcile looks an unknown payment, or one in review, up at its provider now,
	// and returns what became of it. Every other payment is returned as it is.
	// ErrPaymentNotFound as in GetPayment, ErrBusy while a worker has it, ErrTooSoon
	// right after a look-up.
	Reconcile(ctx context.Context, cmd Reconcile) (Payment, error)
	// HandleWebhook takes what a provider tells by itself. Idempotent by the event's
	// id. ErrUnknownProvider, ErrInvalidSignature, ErrMalformedWebhook, or
	// ErrPaymentNotFound if the event is about a payment that is not known.
	HandleWebhook(ctx context.Context, cmd HandleWebhook) error
}

// Actor is who asks.
type Actor struct {
	UserID string
	Admin  bool
}

// AcceptPurchase says that a purchase waits for its payment.
type AcceptPurchase struct {
	MessageID  string
	PurchaseID string
	UserID     string
	Amount     money.Money
	// Method is the provider's opaque token; empty means its default.
	Method string
	Origin Origin
}

// CancelPurchase says that a purchase was cancelled.
type CancelPurchase struct {
	MessageID  string
	PurchaseID string
	Origin     Origin
}

// RequestRefund says that the money of a purchase is wanted back.
type RequestRefund struct {
	MessageID  string
	PurchaseID string
	Amount     money.Money
	// Request is the version of the purchase that asks, greater in each later request and
	// the same in its repetitions; 0 is none.
	Request int64
	Origin  Origin
}

// GetPayment asks for a payment by its id.
type GetPayment struct {
	Actor     Actor
	PaymentID string
}

// FindPayment asks for the payment of a purchase.
type FindPayment struct {
	Actor      Actor
	PurchaseID string
}

// Reconcile asks to look a payment up at its provider.
type Reconcile struct {
	Actor     Actor
	PaymentID string
}

// HandleWebhook is a webhook as it came in.
type HandleWebhook struct {
	Provider string
	// Headers have names in lower case and the first value of each.
	Headers map[string]string
	// Body is raw: the signature is over these bytes.
	Body []byte
}

type service struct {
	*core
	worker *Worker
}

func (s *service) AcceptPurchase(ctx context.Context, cmd AcceptPurchase) error {
	if err := cmd.validate(); err != nil {
		return err
	}
	if cmd.Amount.IsZero() {
		return nil
	}
	p := NewPayment(Payment{
		ID: s.NewID(), PurchaseID: cmd.PurchaseID, UserID: cmd.UserID, Amount: cmd.Amount, Method: cmd.Method,
		Provider: s.Providers[0].Name(), Origin: cmd.Origin,
	}, s.time())
	known := func(p Payment) (Payment, []Event, error) {
		if p.Amount != cmd.Amount {
			return p, nil, ErrPurchaseMismatch.WithDetail("known", p.Amount.String()).WithDetail("got", cmd.Amount.String())
		}
		return p, causedBy(cmd.Origin, p.end()), nil
	}
	p, started := s.worker.begin(p)
	stored, err := s.Repository.Accept(ctx, Message{ConsumerPurchases, cmd.MessageID}, p, known)
	mine := err == nil && stored.ID == p.ID
	if started {
		s.worker.begun(stored, mine)
	}
	if err == nil && !(started && mine) {
		s.wakeUp()
	}
	return err
}

func (s *service) CancelPurchase(ctx context.Context, cmd CancelPurchase) error {
	if err := validMessage(cmd.MessageID, cmd.PurchaseID); err != nil {
		return err
	}
	m := Message{ConsumerCancellations, cmd.MessageID}
	return s.command(ctx, cmd.PurchaseID, m, cmd.Origin, Payment.end, func(p Payment, now time.Time) (Payment, error) {
		return p.Cancel(now)
	})
}

func (s *service) RequestRefund(ctx context.Context, cmd RequestRefund) error {
	if err := validMessage(cmd.MessageID, cmd.PurchaseID); err != nil {
		return err
	}
	m := Message{ConsumerRefunds, cmd.MessageID}
	return s.command(ctx, cmd.PurchaseID, m, cmd.Origin, Payment.refundEnd, func(p Payment, now time.Time) (Payment, error) {
		if p.Amount != cmd.Amount {
			return p, ErrPurchaseMismatch.WithDetail("known", p.Amount.String()).WithDetail("got", cmd.Amount.String())
		}
		return p.RequestRefund(cmd.Request, now)
	})
}

// command applies what another service wants of a payment. What already is so is
// fine, and is said again as again has it, for somebody may be waiting for it.
func (s *service) command(
	ctx context.Context, purchaseID string, m Message, o Origin, again func(Payment) []Event, do func(Payment, time.Time) (Payment, error),
) error {
	_, err := s.change(ctx, ByPurchase(purchaseID), m, func(p Payment) (Payment, []Event, error) {
		next, err := do(p, s.time())
		if errors.Is(err, ErrRepeated) {
			return p, causedBy(o, again(p)), nil
		}
		if err != nil {
			return p, nil, err
		}
		if next.Status != p.Status {
			next.Origin = o
		}
		return next, next.endAfter(p.Status), nil
	})
	if err == nil {
		s.wakeUp()
	}
	return err
}

func (s *service) GetPayment(ctx context.Context, q GetPayment) (Payment, error) {
	return s.visible(ctx, q.Actor, ByID(q.PaymentID))
}

func (s *service) FindPayment(ctx context.Context, q FindPayment) (Payment, error) {
	if !ValidID(q.PurchaseID) {
		return Payment{}, errs.InvalidFields(errs.Field{Name: "purchase", Message: "must be the id of a purchase"})
	}
	return s.visible(ctx, q.Actor, ByPurchase(q.PurchaseID))
}

// visible returns a payment that the actor may see.
func (s *service) visible(ctx context.Context, a Actor, sel Selector) (Payment, error) {
	if !ValidID(sel.ID) && !ValidID(sel.PurchaseID) {
		return Payment{}, ErrPaymentNotFound
	}
	p, err := s.Repository.Get(ctx, sel)
	if err != nil {
		return Payment{}, err
	}
	if !a.Admin && (a.UserID == "" || a.UserID != p.UserID) {
		return Payment{}, ErrPaymentNotFound
	}
	return p, nil
}

func (s *service) Reconcile(ctx context.Context, cmd Reconcile) (Payment, error) {
	p, err := s.visible(ctx, cmd.Actor, ByID(cmd.PaymentID))
	if err != nil {
		return Payment{}, err
	}
	lease := s.lease()
	p, err = s.change(ctx, ByID(p.ID), Message{}, func(p Payment) (Payment, []Event, error) {
		if p.Status != Unknown && p.Status != ManualReview {
			return p, nil, nil
		}
		if rest := p.quietUntil(s.Config.MinGap).Sub(s.time()); rest > 0 {
			return p, nil, ErrTooSoon.WithRetryAfter(rest)
		}
		next, err := p.Force(lease, s.time())
		return next, nil, err
	})
	if err != nil || p.Lease.ID != lease.ID {
		return p, err
	}
	return s.drive(ctx, p)
}

func (s *service) HandleWebhook(ctx context.Context, cmd HandleWebhook) error {
	provider, ok := s.provider(cmd.Provider)
	if !ok {
		return ErrUnknownProvider
	}
	event, err := provider.ParseWebhook(cmd.Headers, cmd.Body)
	if err != nil {
		return err
	}
	if event.Kind == WebhookOther || event.Kind == "" {
		return nil
	}
	if !ValidID(event.Key) || event.ID == "" {
		return ErrMalformedWebhook
	}
	p, err := s.Repository.Get(ctx, ByID(event.Key))
	if err != nil {
		return err
	}
	if p.Provider != provider.Name() {
		return ErrPaymentNotFound
	}
	m := Message{ConsumerWebhooks + "." + provider.Name(), event.ID}
	_, err = s.record(ctx, ByID(p.ID), m, func(p Payment) result { return webhookResult(p, event) })
	if err == nil {
		s.wakeUp()
	}
	return err
}

// endAfter returns the event of an end that a change just brought.
func (p Payment) endAfter(before Status) []Event {
	if p.Status == before {
		return nil
	}
	return p.end()
}

// quietUntil is when the payment may be looked up again after its last attempt.
func (p Payment) quietUntil(gap time.Duration) time.Time {
	if len(p.Attempts) == 0 {
		return time.Time{}
	}
	return p.Attempts[len(p.Attempts)-1].FinishedAt.Add(gap)
}
