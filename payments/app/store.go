package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/payments"
	"gamestore.example/payments/adapter/memory"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/payments/adapter/sqlite"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

// store is a repository with the outbox that it writes to.
type store struct {
	repo   payments.Repository
	outbox outbox.Store
	ping   func(ctx context.Context) error
	close  func() error
	// observe measures the database; there may be none.
	observe func(reg prometheus.Registerer, tracer trace.TracerProvider) error
}

func unobserved(prometheus.Registerer, trace.TracerProvider) error { return nil }

type encoder = func(ctx context.Context, e payments.Event) (outbox.Record, error)

func nothing() error { return nil }

func openStore(ctx context.Context, dsn string, encode encoder, signal outbox.Signal, now func() time.Time) (*store, error) {
	if dsn == inMemory {
		box := outboxmemory.NewStore(now)
		return &store{
			repo: memory.NewRepository(encode, box, signal), outbox: box,
			ping: func(context.Context) error { return nil }, close: nothing, observe: unobserved,
		}, nil
	}
	db, err := sqldb.OpenSQLite(ctx, path(dsn))
	if err != nil {
		return nil, fmt.Errorf("payments: %w", err)
	}
	if err := errors.Join(outboxsqlite.Migrate(ctx, db), sqlite.Migrate(ctx, db)); err != nil {
		return nil, errors.Join(fmt.Errorf("payments: %w", err), db.Close())
	}
	return &store{
		repo: sqlite.NewRepository(db, encode, signal), outbox: outboxsqlite.NewStore(db),
		ping: db.Ping, close: db.Close,
		observe: func(reg prometheus.Registerer, tracer trace.TracerProvider) error {
			return db.Observe(reg, tracer, "payments")
		},
	}, nil
}

// openLedger opens the simulated provider's books, and returns what closes them.
func openLedger(ctx context.Context, dsn string) (simulated.Ledger, func() error, error) {
	if dsn == inMemory {
		return simulated.NewMemoryLedger(), nothing, nil
	}
	db, err := sqldb.OpenSQLite(ctx, path(dsn))
	if err != nil {
		return nil, nil, fmt.Errorf("simulated ledger: %w", err)
	}
	ledger, err := simulated.NewSQLiteLedger(ctx, db)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("simulated ledger: %w", err), db.Close())
	}
	return ledger, db.Close, nil
}
