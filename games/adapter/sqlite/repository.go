// Package sqlite keeps games and purchases in a SQLite file.
//
// Every change joins the group commit of pkg/sqldb: the purchase, the counter, the
// inbox, the Idempotency-Key and the outbox are one savepoint of one
// transaction. No query counts or scans a table; lists go by key.
package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"gamestore.example/games"
	"gamestore.example/pkg/outbox"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate makes the tables of the games service, or brings them up to date. The
// outbox has its own.
func Migrate(ctx context.Context, db *sqldb.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("games migrations: %w", err)
	}
	return sqldb.Migrate(ctx, db, "games", files)
}

// Encoder makes the outbox's record of an event.
type Encoder = func(context.Context, games.Event) (outbox.Record, error)

// Repository keeps games and purchases in a database that Migrate and the outbox's
// Migrate have prepared.
type Repository struct {
	db     *sqldb.DB
	encode Encoder
	signal outbox.Signal
}

var _ games.Repository = (*Repository)(nil)

// NewRepository returns the repository in db. It writes what encode makes of its
// events to the outbox, and hands it to whoever waits for the signal after the commit.
func NewRepository(db *sqldb.DB, encode Encoder, signal outbox.Signal) *Repository {
	return &Repository{db: db, encode: encode, signal: signal}
}

// errLost says that a row changed between its read and its update, which one
// transaction cannot see: somebody else writes to the file without transactions.
var errLost = errors.New("sqlite: the row changed within the transaction")

// change is one transaction that stores events.
type change struct {
	*Repository
	sqldb.Querier
	// caller is the context of the caller, which says where the events come from.
	caller context.Context
	events *outbox.Handover
}

// write runs fn in a transaction, and hands its events to the relay after the commit.
func (r *Repository) write(ctx context.Context, what string, fn func(ctx context.Context, c *change) error) error {
	c := &change{Repository: r, caller: ctx, events: r.signal.Handover()}
	err := r.db.Write(ctx, func(txCtx context.Context, tx sqldb.Querier) error {
		c.Querier = tx
		return fn(txCtx, c)
	})
	c.events.Done(err == nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// publish writes events to the outbox.
func (c *change) publish(ctx context.Context, events []games.Event) error {
	for _, e := range events {
		record, err := c.encode(c.caller, e)
		if err != nil {
			return err
		}
		if err := outboxsqlite.HandOver(ctx, c, c.events, record); err != nil {
			return err
		}
	}
	return nil
}

// exactlyOne runs a guarded update.
func (c *change) exactlyOne(ctx context.Context, query string, args ...any) error {
	res, err := c.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = errLost
	}
	return err
}
