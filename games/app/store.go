package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gamestore.example/games"
	"gamestore.example/games/adapter/bleve"
	"gamestore.example/games/adapter/memory"
	"gamestore.example/games/adapter/sqlite"
	"gamestore.example/games/transport/amqpapi"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

// store is a repository with the outbox that it writes to.
type store struct {
	repo   games.Repository
	outbox outbox.Store
	ping   func(ctx context.Context) error
	close  func() error
}

func openStore(ctx context.Context, dsn string, signal outbox.Signal, now func() time.Time) (*store, error) {
	if dsn == inMemory {
		box := outboxmemory.NewStore(now)
		return &store{
			repo: memory.NewRepository(box, amqpapi.Encode, signal), outbox: box,
			ping: func(context.Context) error { return nil }, close: func() error { return nil },
		}, nil
	}
	db, err := sqldb.OpenSQLite(ctx, path(dsn, sqlitePrefix))
	if err != nil {
		return nil, fmt.Errorf("games: %w", err)
	}
	if err := errors.Join(outboxsqlite.Migrate(ctx, db), sqlite.Migrate(ctx, db)); err != nil {
		return nil, errors.Join(fmt.Errorf("games: %w", err), db.Close())
	}
	return &store{
		repo: sqlite.NewRepository(db, amqpapi.Encode, signal), outbox: outboxsqlite.NewStore(db),
		ping: db.Ping, close: db.Close,
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
