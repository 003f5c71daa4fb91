package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/sqldb"
)

// BenchmarkPublishConsume measures messages on their whole way, published in calls
// of some size by 64 publishers at once, with and without the journal.
func BenchmarkPublishConsume(b *testing.B) {
	for _, size := range []int{1, 64} {
		b.Run(fmt.Sprintf("memory/%d", size), func(b *testing.B) { publishConsume(b, memory.New(), size) })
		b.Run(fmt.Sprintf("journal/%d", size), func(b *testing.B) {
			db, err := sqldb.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "bus.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			if err := sqlite.Migrate(b.Context(), db); err != nil {
				b.Fatal(err)
			}
			publishConsume(b, memory.New(memory.WithJournal(sqlite.NewJournal(db))), size)
		})
	}
}

func publishConsume(b *testing.B, broker *memory.Bus, size int) {
	q := bus.Queue{Name: "bench.work", Keys: []string{"game.*"}}
	if err := broker.Declare(b.Context(), q); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	handled, done := make(chan struct{}, 1024), make(chan error, 1)
	go func() {
		done <- broker.Consume(ctx, q, func(context.Context, bus.Message) error { handled <- struct{}{}; return nil })
	}()
	msgs := make([]bus.Message, size)
	for i := range msgs {
		msgs[i] = bus.Message{ID: "0192f0c1-0000-7000-8000-000000000001", Key: "game.purchased", Body: make([]byte, 700),
			ContentType: "application/cloudevents+json", Headers: map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}
	}
	b.ReportAllocs()
	b.SetParallelism(32)
	b.ResetTimer()
	go b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			for _, err := range broker.Publish(ctx, msgs...) {
				if err != nil {
					b.Error(err)
				}
			}
		}
	})
	for range b.N * size {
		<-handled
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "msgs/s")
	b.StopTimer()
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}
