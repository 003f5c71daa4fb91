package sqlite_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/outboxtest"
	"gamestore.example/pkg/outbox/sqlite"
)

// counter confirms everything at once and tells when it has seen all.
type counter struct {
	left atomic.Int64
	done chan struct{}
}

func (c *counter) Publish(_ context.Context, msgs ...bus.Message) []error {
	if c.left.Add(-int64(len(msgs))) == 0 {
		close(c.done)
	}
	return make([]error, len(msgs))
}

// BenchmarkRelay is 64 clients that commit a record each, until all are published.
func BenchmarkRelay(b *testing.B) {
	db := open(b)
	add, signal := appendTo(db), outbox.NewSignal()
	pub := &counter{done: make(chan struct{})}
	pub.left.Store(int64(b.N))
	relay, err := outbox.NewRelay(sqlite.NewStore(db), pub, signal, outbox.RelayConfig{}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var running, clients sync.WaitGroup
	running.Go(func() { _ = relay.Run(ctx) })
	var next atomic.Int64
	b.ResetTimer()
	for range 64 {
		clients.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				if err := add(ctx, outboxtest.Records(fmt.Sprint(n), 1)...); err != nil {
					b.Error(err)
					return
				}
				signal.Wake()
			}
		})
	}
	clients.Wait()
	<-pub.done
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	cancel()
	running.Wait()
}

// BenchmarkPrune deletes slices of old records beside many that stay.
func BenchmarkPrune(b *testing.B) {
	db := open(b)
	store := sqlite.NewStore(db)
	const slice = 500
	for i := range 20 {
		if err := appendTo(db)(b.Context(), outboxtest.Records(fmt.Sprint(i), 1000)...); err != nil {
			b.Fatal(err)
		}
	}
	fill(b, store)
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		if err := appendTo(db)(b.Context(), outboxtest.Records(fmt.Sprintf("x%d", i), slice)...); err != nil {
			b.Fatal(err)
		}
		fill(b, store)
		b.StartTimer()
		if n, err := store.Prune(b.Context(), 0, slice); err != nil || n != slice {
			b.Fatal(n, err)
		}
	}
}

// fill marks all records sent.
func fill(b *testing.B, store outbox.Store) {
	b.Helper()
	for {
		got, err := store.Claim(b.Context(), "w", 1000, 1e9)
		if err != nil {
			b.Fatal(err)
		}
		if len(got) == 0 {
			return
		}
		seqs := make([]int64, len(got))
		for i, r := range got {
			seqs[i] = r.Seq
		}
		if err := store.MarkSent(b.Context(), "w", seqs...); err != nil {
			b.Fatal(err)
		}
	}
}
