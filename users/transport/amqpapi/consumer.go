package amqpapi

import (
	"context"
	"encoding/json"
	"strconv"

	"gamestore.example/pkg/bus"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/observe"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
)

// QueueHistory is the queue of what becomes of purchases.
const QueueHistory = "users.history"

// Subscriptions returns what the service consumes: every purchase.* event, for the
// buyer's history.
func Subscriptions(set endpoints.Set) []bus.Subscription {
	return []bus.Subscription{{
		Queue: bus.Queue{Name: QueueHistory, Keys: []string{"purchase.*"}},
		Handler: func(ctx context.Context, m bus.Message) error {
			ctx, c, err := decodePurchase(ctx, m)
			if err != nil || c == nil {
				return err
			}
			return set.RecordPurchase(ctx, *c)
		},
	}}
}

// kindOf maps a routing key to what the history says; "" for a key that is newer
// than this service.
func kindOf(key string) users.EntryKind {
	switch key {
	case contractgames.KeyPurchaseCompleted:
		return users.PurchaseCompleted
	case contractgames.KeyPurchaseFailed:
		return users.PurchaseFailed
	case contractgames.KeyPurchaseCancelled:
		return users.PurchaseCancelled
	case contractgames.KeyPurchaseRefundRequested:
		return users.PurchaseRefundRequested
	case contractgames.KeyPurchaseRefunded:
		return users.PurchaseRefunded
	}
	return ""
}

// decodePurchase returns the command that an event asks for, nil for none, and the
// context of its cause. What cannot be decoded is poison: class Invalid.
func decodePurchase(ctx context.Context, m bus.Message) (context.Context, *users.RecordPurchase, error) {
	e, err := event.Unmarshal(m.Body)
	if err != nil {
		return ctx, nil, err
	}
	kind := kindOf(m.Key)
	if kind == "" {
		return ctx, nil, nil
	}
	if err := e.CheckType(m.Key, contractgames.Version); err != nil {
		return ctx, nil, err
	}
	var p contractgames.PurchaseChanged
	if err := json.Unmarshal(e.Data, &p); err != nil {
		return ctx, nil, event.ErrMalformed.WithCause(err)
	}
	if e.CorrelationID != "" {
		ctx = observe.WithRequestID(ctx, e.CorrelationID) // the log's lines belong to the client's request
	}
	ctx = event.WithOrigin(ctx, event.Origin{CorrelationID: e.CorrelationID, CausationID: e.ID})
	version, err := strconv.ParseInt(e.Sequence, 10, 64)
	if err != nil {
		version = 0 // it may be missing
	}
	return ctx, &users.RecordPurchase{
		MessageID: e.ID, Kind: kind, UserID: p.UserID, PurchaseID: p.PurchaseID, Version: version, GameID: p.GameID,
		Price: money.Money{Amount: p.Price.Amount, Currency: p.Price.Currency}, Reason: p.Reason, At: p.At,
	}, nil
}
