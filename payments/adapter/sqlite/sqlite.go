// Package sqlite keeps payments in a SQLite file, with the outbox and the inbox of
// the service in the same transactions.
package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"gamestore.example/payments"
	"gamestore.example/pkg/outbox"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate makes the table of payments, or brings it up to date. The outbox has a
// migration of its own.
func Migrate(ctx context.Context, db *sqldb.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("payments migrations: %w", err)
	}
	return sqldb.Migrate(ctx, db, "payments", files)
}

// Encoder turns an event into the record that is published.
type Encoder func(ctx context.Context, e payments.Event) (outbox.Record, error)

// Repository implements payments.Repository.
type Repository struct {
	db     *sqldb.DB
	encode Encoder
	signal outbox.Signal
}

var _ payments.Repository = (*Repository)(nil)

// NewRepository returns a Repository on a database that Migrate and the outbox's
// Migrate have prepared. It hands events to the signal after it has committed them.
func NewRepository(db *sqldb.DB, encode Encoder, signal outbox.Signal) *Repository {
	return &Repository{db: db, encode: encode, signal: signal}
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
) (payments.Payment, error) {
	var stored payments.Payment
	written := r.signal.Handover()
	err := r.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		first, err := firstSeen(ctx, tx, m)
		if err != nil {
			return err
		}
		if first && fresh != nil {
			if inserted, err := insert(ctx, tx, *fresh); err != nil || inserted {
				stored = *fresh
				return err
			}
		}
		old, err := find(ctx, tx, s)
		if err != nil || !first {
			stored = old
			return err
		}
		stored, err = r.apply(ctx, tx, old, fn, written)
		return err
	})
	written.Done(err == nil)
	if err != nil {
		return payments.Payment{}, err
	}
	return stored, nil
}

// apply stores what fn makes of a payment, with its events.
func (r *Repository) apply(
	ctx context.Context, tx sqldb.Querier, old payments.Payment, fn payments.Changer, written *outbox.Handover,
) (payments.Payment, error) {
	next, events, err := fn(old)
	if err != nil {
		return old, err
	}
	if next.Version != old.Version {
		if err := update(ctx, tx, old, next); err != nil {
			return old, err
		}
	}
	for _, e := range events {
		record, err := r.encode(ctx, e)
		if err != nil {
			return old, err
		}
		if err := outboxsqlite.HandOver(ctx, tx, written, record); err != nil {
			return old, err
		}
	}
	return next, nil
}

// Claim implements payments.Repository. It looks without a transaction first, so
// that a worker with nothing to do writes nothing.
func (r *Repository) Claim(
	ctx context.Context, now time.Time, limit int, start func(payments.Payment) (payments.Payment, error),
) ([]payments.Payment, error) {
	idle, err := r.idle(ctx, now)
	if err != nil || idle {
		return nil, err
	}
	var claimed []payments.Payment
	err = r.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		due, err := dueAt(ctx, tx, now, limit)
		if err != nil {
			return err
		}
		for _, old := range due {
			next, err := start(old)
			if err != nil {
				return err
			}
			if err := update(ctx, tx, old, next); err != nil {
				return err
			}
			claimed = append(claimed, next)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim payments: %w", err)
	}
	return claimed, nil
}

// Get implements payments.Repository.
func (r *Repository) Get(ctx context.Context, s payments.Selector) (payments.Payment, error) {
	p, err := find(ctx, r.db.Read(), s)
	return p, sqldb.Classify(err)
}

func firstSeen(ctx context.Context, tx sqldb.Querier, m payments.Message) (bool, error) {
	if m == (payments.Message{}) {
		return true, nil
	}
	return outboxsqlite.FirstSeen(ctx, tx, m.Consumer, m.ID)
}
