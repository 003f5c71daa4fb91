package memory_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/memory"
	"gamestore.example/pkg/outbox/outboxtest"
)

func TestStore(t *testing.T) {
	outboxtest.RunStore(t, func(*testing.T) outboxtest.Harness {
		var passed atomic.Int64
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		store := memory.NewStore(func() time.Time { return start.Add(time.Duration(passed.Load())) })
		return outboxtest.Harness{
			Store: store,
			Append: func(_ context.Context, records ...outbox.Record) error {
				store.Append(records...)
				return nil
			},
			Advance: func(d time.Duration) { passed.Add(int64(d)) },
		}
	})
}

func TestInbox(t *testing.T) {
	b := memory.NewInbox()
	if !b.FirstSeen("payments", "m") || !b.FirstSeen("search", "m") || b.FirstSeen("payments", "m") {
		t.Error("want the first of each consumer alone")
	}
	b.Forget("payments", "m")
	if !b.FirstSeen("payments", "m") {
		t.Error("still known after Forget")
	}
}
