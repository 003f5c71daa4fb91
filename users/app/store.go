package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
	"gamestore.example/users"
	"gamestore.example/users/adapter/memory"
	"gamestore.example/users/adapter/sqlite"
)

// store is a repository with the outbox that it writes to.
type store struct {
	repo   users.Repository
	outbox outbox.Store
	ping   func(ctx context.Context) error
	close  func() error
	// observe measures the database; there may be none.
	observe func(reg prometheus.Registerer, tracer trace.TracerProvider) error
}

func unobserved(prometheus.Registerer, trace.TracerProvider) error { return nil }

type encoder = func(ctx context.Context, e users.Event) (outbox.Record, error)

func openStore(ctx context.Context, dsn string, encode encoder, signal outbox.Signal, now func() time.Time) (*store, error) {
	if dsn == "memory" {
		box := outboxmemory.NewStore(now)
		return &store{
			repo: memory.NewRepository(encode, box, signal), outbox: box,
			ping: func(context.Context) error { return nil }, close: func() error { return nil }, observe: unobserved,
		}, nil
	}
	db, err := sqldb.OpenSQLite(ctx, sqlitePath(dsn))
	if err != nil {
		return nil, fmt.Errorf("users: %w", err)
	}
	if err := errors.Join(outboxsqlite.Migrate(ctx, db), sqlite.Migrate(ctx, db)); err != nil {
		return nil, errors.Join(fmt.Errorf("users: %w", err), db.Close())
	}
	return &store{
		repo: sqlite.NewRepository(db, encode, signal), outbox: outboxsqlite.NewStore(db),
		ping: db.Ping, close: db.Close,
		observe: func(reg prometheus.Registerer, tracer trace.TracerProvider) error {
			return db.Observe(reg, tracer, "users")
		},
	}, nil
}
