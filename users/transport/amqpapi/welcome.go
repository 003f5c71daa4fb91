package amqpapi

import (
	"context"
	"encoding/json"

	"gamestore.example/pkg/bus"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/observe"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
)

// welcomeWorkers is how many users are welcomed at once: few, for the notifier is
// somebody else's server, and it waits for each.
const welcomeWorkers = 4

// WelcomeSubscription is the queue of new users with what welcomes them.
func WelcomeSubscription(set endpoints.Welcome) bus.Subscription {
	return bus.Subscription{
		Queue: bus.Queue{Name: contractusers.QueueWelcome, Keys: []string{contractusers.KeyUserCreated}, Concurrency: welcomeWorkers},
		Handler: func(ctx context.Context, m bus.Message) error {
			ctx, c, err := decodeUserCreated(ctx, m)
			if err != nil {
				return err
			}
			return set.Welcome(ctx, c)
		},
	}
}

// decodeUserCreated returns the command that an event asks for, and the context of its cause. What
// cannot be decoded is poison: class Invalid.
func decodeUserCreated(ctx context.Context, m bus.Message) (context.Context, users.Welcome, error) {
	e, err := event.Unmarshal(m.Body)
	if err != nil {
		return ctx, users.Welcome{}, err
	}
	if err := e.CheckType(contractusers.KeyUserCreated, contractusers.Version); err != nil {
		return ctx, users.Welcome{}, err
	}
	var p contractusers.UserCreated
	if err := json.Unmarshal(e.Data, &p); err != nil {
		return ctx, users.Welcome{}, event.ErrMalformed.WithCause(err)
	}
	if e.CorrelationID != "" {
		ctx = observe.WithRequestID(ctx, e.CorrelationID) // the log's lines belong to the client's request
	}
	ctx = event.WithOrigin(ctx, event.Origin{CorrelationID: e.CorrelationID, CausationID: e.ID})
	return ctx, users.Welcome{EventID: e.ID, UserID: p.UserID}, nil
}
