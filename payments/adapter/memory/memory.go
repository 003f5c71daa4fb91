// Package memory keeps payments in memory, for tests and for the store that forgets.
package memory

import (
	"container/heap"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"gamestore.example/payments"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
)

// Encoder turns an event into the record that is published.
type Encoder func(ctx context.Context, e payments.Event) (outbox.Record, error)

// Repository implements payments.Repository. One lock makes a change, its message and
// its events one.
type Repository struct {
	encode Encoder
	outbox *outboxmemory.Store
	signal outbox.Signal
	inbox  *outboxmemory.Inbox

	mu         sync.RWMutex
	payments   map[string]payments.Payment
	byPurchase map[string]string
	due        deadlines
	counts     map[payments.Status]int64
}

var _ payments.Repository = (*Repository)(nil)

// NewRepository returns an empty Repository that appends its events to the outbox and
// then wakes the signal.
func NewRepository(encode Encoder, store *outboxmemory.Store, signal outbox.Signal) *Repository {
	return &Repository{
		encode: encode, outbox: store, signal: signal, inbox: outboxmemory.NewInbox(),
		payments: map[string]payments.Payment{}, byPurchase: map[string]string{},
		counts: map[payments.Status]int64{},
	}
}

// Accept implements payments.Repository.
func (r *Repository) Accept(
	ctx context.Context, m payments.Message, p payments.Payment, known payments.Changer,
) (payments.Payment, error) {
	return r.change(ctx, payments.ByPurchase(p.PurchaseID), m, known, &p)
}

// Change implements payments.Repository.
func (r *Repository) Change(
	ctx context.Context, s payments.Selector, m payments.Message, fn payments.Changer,
) (payments.Payment, error) {
	return r.change(ctx, s, m, fn, nil)
}

// change is Change, and Accept when there is a payment to store if none is known.
func (r *Repository) change(
	ctx context.Context, s payments.Selector, m payments.Message, fn payments.Changer, fresh *payments.Payment,
) (_ payments.Payment, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return payments.Payment{}, err
	}
	old, known := r.find(s)
	if !known && fresh == nil {
		return payments.Payment{}, payments.ErrPaymentNotFound
	}
	if m != (payments.Message{}) {
		if !r.inbox.FirstSeen(m.Consumer, m.ID) {
			return old, nil
		}
		defer func() {
			if err != nil {
				r.inbox.Forget(m.Consumer, m.ID)
			}
		}()
	}
	if !known {
		r.put(payments.Payment{}, *fresh)
		return clone(*fresh), nil
	}
	next, events, err := fn(old)
	if err != nil {
		return payments.Payment{}, err
	}
	records, err := r.records(ctx, events)
	if err != nil {
		return payments.Payment{}, err
	}
	if next.Version != old.Version {
		r.put(old, next)
	}
	if len(records) > 0 {
		r.outbox.Append(records...)
		r.signal.Wake()
	}
	return clone(next), nil
}

// Claim implements payments.Repository.
func (r *Repository) Claim(
	ctx context.Context, now time.Time, limit int, start func(payments.Payment) (payments.Payment, error),
) ([]payments.Payment, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var claimed []payments.Payment
	ids := r.dueAt(now, limit)
	for _, id := range ids {
		next, err := start(clone(r.payments[id]))
		if err != nil {
			r.dueAgain(ids)
			return nil, err
		}
		claimed = append(claimed, next)
	}
	for i, next := range claimed {
		r.put(r.payments[next.ID], next)
		claimed[i] = clone(next)
	}
	return claimed, nil
}

// dueAt returns at most limit payments that are due, the longest due first.
func (r *Repository) dueAt(now time.Time, limit int) []string {
	var ids []string
	for len(ids) < limit && r.due.Len() > 0 && !r.due[0].at.After(now) {
		next, ok := heap.Pop(&r.due).(deadline)
		if p := r.payments[next.id]; ok && p.DueAt.Equal(next.at) && !slices.Contains(ids, next.id) {
			ids = append(ids, next.id)
		}
	}
	return ids
}

// dueAgain puts back what dueAt took.
func (r *Repository) dueAgain(ids []string) {
	for _, id := range ids {
		heap.Push(&r.due, deadline{r.payments[id].DueAt, id})
	}
}

// Get implements payments.Repository.
func (r *Repository) Get(ctx context.Context, s payments.Selector) (payments.Payment, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return payments.Payment{}, err
	}
	p, ok := r.find(s)
	if !ok {
		return payments.Payment{}, payments.ErrPaymentNotFound
	}
	return p, nil
}

// Count implements payments.Repository.
func (r *Repository) Count(ctx context.Context, s payments.Status) (int64, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.counts[s], ctx.Err()
}

func (r *Repository) find(s payments.Selector) (payments.Payment, bool) {
	id := s.ID
	if id == "" {
		id = r.byPurchase[s.PurchaseID]
	}
	p, ok := r.payments[id]
	return clone(p), ok
}

func (r *Repository) put(old, next payments.Payment) {
	if old.ID != "" {
		r.counts[old.Status]--
	}
	r.counts[next.Status]++
	r.payments[next.ID] = clone(next)
	r.byPurchase[next.PurchaseID] = next.ID
	if !next.DueAt.IsZero() {
		heap.Push(&r.due, deadline{next.DueAt, next.ID})
	}
}

func (r *Repository) records(ctx context.Context, events []payments.Event) ([]outbox.Record, error) {
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

// clone shares nothing with p that a caller could write to.
func clone(p payments.Payment) payments.Payment {
	p.Attempts = slices.Clone(p.Attempts)
	p.Origin.Trace = maps.Clone(p.Origin.Trace)
	return p
}
