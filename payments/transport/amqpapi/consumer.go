package amqpapi

import (
	"context"
	"encoding/json"
	"strconv"

	"gamestore.example/payments"
	"gamestore.example/payments/endpoints"
	"gamestore.example/pkg/bus"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/observe"
)

// The queues of the service.
const (
	QueuePurchases     = "payments.purchases"
	QueueCancellations = "payments.cancellations"
	QueueRefunds       = "payments.refunds"
)

// Subscriptions returns what the service consumes: purchases that wait for their
// payment, cancellations, and refunds that are wanted.
func Subscriptions(set endpoints.Set) []bus.Subscription {
	return []bus.Subscription{
		{
			Queue:   bus.Queue{Name: QueuePurchases, Keys: []string{contractgames.KeyGamePurchased}},
			Handler: handle(contractgames.KeyGamePurchased, acceptPurchase, set.AcceptPurchase),
		},
		{
			Queue:   bus.Queue{Name: QueueCancellations, Keys: []string{contractgames.KeyPurchaseCancelled}},
			Handler: handle(contractgames.KeyPurchaseCancelled, cancelPurchase, set.CancelPurchase),
		},
		{
			Queue:   bus.Queue{Name: QueueRefunds, Keys: []string{contractgames.KeyPurchaseRefundRequested}},
			Handler: handle(contractgames.KeyPurchaseRefundRequested, requestRefund, set.RequestRefund),
		},
	}
}

// cause is what a command keeps of the message that asked for it.
type cause struct {
	messageID string
	// sequence is the version of what the message is about; 0 is none.
	sequence int64
	origin   payments.Origin
}

// handle decodes an event into a command, and settles it by what do returns. What
// cannot be decoded is poison: class Invalid.
func handle[D, C any](key string, command func(cause, D) C, do func(context.Context, C) error) bus.Handler {
	return func(ctx context.Context, m bus.Message) error {
		e, err := event.Unmarshal(m.Body)
		if err != nil {
			return err
		}
		if err := e.CheckType(key, contractgames.Version); err != nil {
			return err
		}
		var data D
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return event.ErrMalformed.WithCause(err)
		}
		ctx = event.WithOrigin(ctx, event.Origin{CorrelationID: e.CorrelationID, CausationID: e.ID})
		return do(ctx, command(causeOf(ctx, e, m), data))
	}
}

// causeOf takes the trace of this handling, where there is one, so that what the
// worker does later is its child; else that of the message.
func causeOf(ctx context.Context, e event.Event, m bus.Message) cause {
	carrier := map[string]string{}
	if observe.Inject(ctx, carrier); len(carrier) == 0 {
		for _, name := range observe.Propagator().Fields() {
			if value := m.Headers[name]; value != "" {
				carrier[name] = value
			}
		}
	}
	if len(carrier) == 0 && e.TraceParent != "" {
		carrier["traceparent"] = e.TraceParent
	}
	sequence, err := strconv.ParseInt(e.Sequence, 10, 64)
	if err != nil {
		sequence = 0 // it may be missing
	}
	return cause{messageID: e.ID, sequence: sequence, origin: payments.Origin{CorrelationID: e.CorrelationID, CausationID: e.ID, Trace: carrier}}
}

func acceptPurchase(c cause, d contractgames.GamePurchased) payments.AcceptPurchase {
	return payments.AcceptPurchase{
		MessageID: c.messageID, PurchaseID: d.PurchaseID, UserID: d.UserID,
		Amount: money.Money{Amount: d.Price.Amount, Currency: d.Price.Currency}, Method: d.PaymentMethod, Origin: c.origin,
	}
}

func cancelPurchase(c cause, d contractgames.PurchaseChanged) payments.CancelPurchase {
	return payments.CancelPurchase{MessageID: c.messageID, PurchaseID: d.PurchaseID, Origin: c.origin}
}

func requestRefund(c cause, d contractgames.PurchaseChanged) payments.RequestRefund {
	return payments.RequestRefund{
		MessageID: c.messageID, PurchaseID: d.PurchaseID,
		Amount: money.Money{Amount: d.Price.Amount, Currency: d.Price.Currency}, Request: c.sequence, Origin: c.origin,
	}
}
