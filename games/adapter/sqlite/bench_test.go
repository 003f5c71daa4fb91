package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/games/adapter/sqlite"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/outbox"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

// BenchmarkPurchase accepts and completes a purchase, 64 at a time: two durable
// transactions each.
func BenchmarkPurchase(b *testing.B) {
	db, err := sqldb.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "games.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	for _, migrate := range []func(context.Context, *sqldb.DB) error{sqlite.Migrate, outboxsqlite.Migrate} {
		if err := migrate(b.Context(), db); err != nil {
			b.Fatal(err)
		}
	}
	r := sqlite.NewRepository(db, func(_ context.Context, e games.Event) (outbox.Record, error) {
		return outbox.Record{AggregateID: e.Purchase.ID, Type: string(e.Name), Message: bus.Message{ID: e.ID, Key: string(e.Name), Body: make([]byte, 400)}}, nil
	}, outbox.NewSignal())
	now := time.Now()
	g := games.Game{ID: "chess", Name: "Chess", Category: "strategy", Price: money.Money{Amount: 1999, Currency: "BRL"}, ReleasedAt: now, Version: 1, Revision: 1}
	if err := r.CreateGame(b.Context(), g); err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	b.SetParallelism(64)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := purchase(b.Context(), r, fmt.Sprintf("%012d", n.Add(1)), now); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "purchases/s")
}

func purchase(ctx context.Context, r *sqlite.Repository, id string, now time.Time) error {
	stamp := func(c games.Change) games.Change {
		for i := range c.Events {
			c.Events[i].ID = string(c.Events[i].Name) + id
		}
		return c
	}
	_, err := r.AcceptPurchase(ctx, "chess", games.IdempotencyKey{}, func(g games.Game) (games.Change, error) {
		return stamp(games.NewPurchase(games.Purchase{ID: id, UserID: "u" + id}, g, time.Minute, now)), nil
	})
	if err != nil {
		return err
	}
	_, err = r.UpdatePurchase(ctx, id, games.Cause{Consumer: "bench", MessageID: id}, games.IdempotencyKey{}, func(p games.Purchase) (games.Change, error) {
		c, err := p.Complete(games.Payment{ID: "pay" + id, Amount: p.Price}, now)
		return stamp(c), err
	})
	return err
}
