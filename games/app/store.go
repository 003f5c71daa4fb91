package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/games"
	"gamestore.example/games/adapter/bleve"
	"gamestore.example/games/adapter/memory"
	meter "gamestore.example/games/adapter/prometheus"
	"gamestore.example/games/adapter/sqlite"
	"gamestore.example/games/transport/amqpapi"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

// store is a repository with the outbox that it writes to.
type store struct {
	repo games.Repository
	// pending is the repository, too.
	pending meter.Pending
	outbox  outbox.Store
	ping    func(ctx context.Context) error
	close   func() error
	// observe measures the database; there may be none.
	observe func(reg prometheus.Registerer, tracer trace.TracerProvider) error
}

func unobserved(prometheus.Registerer, trace.TracerProvider) error { return nil }

func openStore(ctx context.Context, dsn string, signal outbox.Signal, now func() time.Time) (*store, error) {
	if dsn == inMemory {
		box := outboxmemory.NewStore(now)
		repo := memory.NewRepository(box, amqpapi.Encode, signal)
		return &store{
			repo: repo, pending: repo, outbox: box,
			ping: func(context.Context) error { return nil }, close: func() error { return nil }, observe: unobserved,
		}, nil
	}
	db, err := sqldb.OpenSQLite(ctx, path(dsn, sqlitePrefix))
	if err != nil {
		return nil, fmt.Errorf("games: %w", err)
	}
	if err := errors.Join(outboxsqlite.Migrate(ctx, db), sqlite.Migrate(ctx, db)); err != nil {
		return nil, errors.Join(fmt.Errorf("games: %w", err), db.Close())
	}
	repo := sqlite.NewRepository(db, amqpapi.Encode, signal)
	return &store{
		repo: repo, pending: repo, outbox: outboxsqlite.NewStore(db),
		ping: db.Ping, close: db.Close,
		observe: func(reg prometheus.Registerer, tracer trace.TracerProvider) error {
			return db.Observe(reg, tracer, "games")
		},
	}, nil
}

// indexPace is how long the index may lag behind a busy shop so that it is not
// written for every sale.
const indexPace = 200 * time.Millisecond

// index is a search index that may have to be built from the catalogue first.
type index struct {
	search       games.Search
	needsRebuild func() bool
	close        func() error
}

func openIndex(where string, logger *slog.Logger) (*index, error) {
	if where == inMemory {
		return &index{
			search:       memory.NewSearch(),
			needsRebuild: func() bool { return true }, close: func() error { return nil },
		}, nil
	}
	s, err := bleve.NewSearch(bleve.Config{Dir: path(where, blevePrefix), Logger: logger, Pace: indexPace})
	if err != nil {
		return nil, fmt.Errorf("games: %w", err)
	}
	return &index{search: s, needsRebuild: s.NeedsRebuild, close: s.Close}, nil
}
