package sqldb_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"gamestore.example/pkg/sqldb"
)

const clients = 64

// BenchmarkWriteGrouped is 64 clients whose changes share commits.
func BenchmarkWriteGrouped(b *testing.B) {
	db := open(b)
	benchWrites(b, func(ctx context.Context, id string) error { return db.Write(ctx, change(id)) })
}

// BenchmarkWriteOnePerTx is the same with a commit for each change.
func BenchmarkWriteOnePerTx(b *testing.B) {
	db := open(b, sqldb.WithMaxBatch(1))
	benchWrites(b, func(ctx context.Context, id string) error { return db.Write(ctx, change(id)) })
}

// BenchmarkWriteTextbook is what database/sql offers by itself: each client has a
// transaction of its own, on one connection with the same settings.
func BenchmarkWriteTextbook(b *testing.B) {
	_, path := openAt(b, filepath.Join(b.TempDir(), "test.db"))
	pool, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	benchWrites(b, func(ctx context.Context, id string) error {
		tx, err := pool.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if err := change(id)(ctx, tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// change is two inserts and an update, about what a purchase needs.
func change(id string) func(context.Context, sqldb.Querier) error {
	return func(ctx context.Context, tx sqldb.Querier) error {
		if err := insert(id)(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO parts (id, job, pos) VALUES (?1, ?1, 1)`, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE jobs SET n = n + 1 WHERE id = ?`, id)
		return err
	}
}

func benchWrites(b *testing.B, write func(ctx context.Context, id string) error) {
	b.ReportAllocs()
	ctx := b.Context()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				if err := write(ctx, strconv.FormatInt(n, 36)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}

// BenchmarkRead is a read by key from many goroutines.
func BenchmarkRead(b *testing.B) {
	db := open(b)
	if err := db.Write(b.Context(), insert("a")); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			var n int
			if err := db.Read().QueryRowContext(context.Background(), `SELECT n FROM jobs WHERE id = ?`, "a").Scan(&n); err != nil {
				b.Error(err)
			}
		}
	})
}
