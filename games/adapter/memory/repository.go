// Package memory holds games, purchases and the search index in memory, for tests and
// for stores that may forget.
package memory

import (
	"context"
	"sync"

	"gamestore.example/games"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
)

// Repository keeps games and purchases in memory, for tests and stores that may
// forget. One lock makes every change a transaction.
type Repository struct {
	encode func(context.Context, games.Event) (outbox.Record, error)
	signal outbox.Signal
	outbox *outboxmemory.Store
	inbox  *outboxmemory.Inbox

	mu        sync.RWMutex
	games     map[string]games.Game
	purchases map[string]games.Purchase
	// byUser has the ids of a person's purchases, in no order.
	byUser map[string][]string
	// active has the id of the one active purchase of a person and a game.
	active map[place]string
	// byPayment has the id of the purchase of a payment.
	byPayment map[string]string
	pending   map[string]struct{}
	// unsettled has the pending ones and the refunding.
	unsettled map[string]struct{}
	// forgotten has the users who deleted their accounts.
	forgotten map[string]struct{}
	keys      map[keyID]answer
}

var _ games.Repository = (*Repository)(nil)

type place struct{ userID, gameID string }

type keyID struct{ userID, operation, key string }

// answer is what a request with an Idempotency-Key got.
type answer struct {
	key      games.IdempotencyKey
	purchase games.Purchase
}

// NewRepository returns an empty repository. It writes what encode makes of its
// events to the outbox, and then wakes whoever waits for the signal.
func NewRepository(store *outboxmemory.Store, encode func(context.Context, games.Event) (outbox.Record, error), signal outbox.Signal) *Repository {
	return &Repository{
		encode: encode, signal: signal, outbox: store, inbox: outboxmemory.NewInbox(),
		games: map[string]games.Game{}, purchases: map[string]games.Purchase{}, byUser: map[string][]string{},
		active: map[place]string{}, byPayment: map[string]string{}, pending: map[string]struct{}{}, unsettled: map[string]struct{}{},
		forgotten: map[string]struct{}{}, keys: map[keyID]answer{},
	}
}

// records encodes events. It comes before anything is changed, because it may fail.
func (r *Repository) records(ctx context.Context, events []games.Event) ([]outbox.Record, error) {
	records := make([]outbox.Record, 0, len(events))
	for _, e := range events {
		record, err := r.encode(ctx, e)
		if err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

// publish comes last in a change; it cannot fail.
func (r *Repository) publish(records []outbox.Record) {
	if len(records) == 0 {
		return
	}
	r.outbox.Append(records...)
	r.signal.Wake()
}

// replay returns the stored answer for a key, if there is one.
func (r *Repository) replay(k games.IdempotencyKey) (games.Update, bool, error) {
	stored, ok := r.keys[keyID{k.UserID, k.Operation, k.Key}]
	switch {
	case k.Key == "" || !ok || k.Expired(stored.key.At):
		return games.Update{}, false, nil
	case stored.key.Fingerprint != k.Fingerprint:
		return games.Update{}, false, games.ErrKeyReused
	}
	return games.Update{Change: games.Change{Purchase: stored.purchase, Outcome: games.Duplicate}, Replayed: true}, true, nil
}

func (r *Repository) remember(k games.IdempotencyKey, p games.Purchase) {
	if k.Key != "" {
		r.keys[keyID{k.UserID, k.Operation, k.Key}] = answer{key: k, purchase: p}
	}
}
