package amqpapi

import (
	"context"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/pkg/bus"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/money"
)

// QueueIndex is the queue of what the search index has to know.
const QueueIndex = "games.index"

// indexConcurrency is large because those who change the index wait for each other,
// to change it once for all.
const indexConcurrency = 1024

// Subscriptions returns what the service consumes: what became of payments,
// deleted accounts, and its own events that change what can be searched for.
func Subscriptions(r endpoints.Reactions) []bus.Subscription {
	return []bus.Subscription{
		{Queue: bus.Queue{Name: games.ConsumerPayments, Keys: []string{"payment.*"}}, Handler: payments(r)},
		{Queue: bus.Queue{Name: games.ConsumerUsers, Keys: []string{contractusers.KeyUserDeleted}}, Handler: users(r)},
		// Not game.*, which is also game.purchased: that changes nothing to search for.
		{Queue: bus.Queue{Name: QueueIndex, Concurrency: indexConcurrency, Keys: []string{
			contractgames.KeyGameCreated, contractgames.KeyGameUpdated, contractgames.KeyGameDeleted,
			contractgames.KeyPurchaseCompleted, contractgames.KeyPurchaseRefunded,
		}}, Handler: index(r)},
	}
}

// payments handles payment.*. A key that is newer than this service is acknowledged.
func payments(r endpoints.Reactions) bus.Handler {
	return func(ctx context.Context, m bus.Message) error {
		react := reactionTo(r, m.Key)
		if react == nil {
			return nil
		}
		ctx, e, p, err := decode[contractpayments.PaymentChanged](ctx, m, contractpayments.Version)
		if err != nil {
			return err
		}
		_, err = react(ctx, games.PaymentEvent{MessageID: e.ID, PurchaseID: p.PurchaseID, Payment: games.Payment{
			ID: p.PaymentID, Amount: money.Money{Amount: p.Amount.Amount, Currency: p.Amount.Currency}, Reason: p.Reason, Request: p.RefundRequest,
		}})
		return err
	}
}

func reactionTo(r endpoints.Reactions, key string) func(context.Context, games.PaymentEvent) (games.Outcome, error) {
	switch key {
	case contractpayments.KeyPaymentCompleted:
		return r.PaymentCompleted
	case contractpayments.KeyPaymentFailed:
		return r.PaymentFailed
	case contractpayments.KeyPaymentRefunded:
		return r.PaymentRefunded
	case contractpayments.KeyPaymentRefundFailed:
		return r.PaymentRefundFailed
	}
	return nil
}

func users(r endpoints.Reactions) bus.Handler {
	return func(ctx context.Context, m bus.Message) error {
		ctx, e, u, err := decode[contractusers.UserDeleted](ctx, m, contractusers.Version)
		if err != nil {
			return err
		}
		_, err = r.ForgetUser(ctx, games.UserEvent{MessageID: e.ID, UserID: u.UserID})
		return err
	}
}

// index handles the service's own events. All of them name the game.
func index(r endpoints.Reactions) bus.Handler {
	return func(ctx context.Context, m bus.Message) error {
		ctx, _, g, err := decode[struct {
			GameID string `json:"gameId"`
		}](ctx, m, contractgames.Version)
		if err != nil {
			return err
		}
		if g.GameID == "" {
			return event.ErrMalformed.WithDetail("reason", "gameId is required")
		}
		return r.IndexGames(ctx, g.GameID)
	}
}
