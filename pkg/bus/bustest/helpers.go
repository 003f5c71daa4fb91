package bustest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/event"
)

// patience is how long anything may take before the test fails: long, because a machine
// may stall. Nothing waits this long when it works.
const patience = 2 * time.Minute

func declare(t *testing.T, h Harness, queues ...bus.Queue) {
	t.Helper()
	if err := h.Bus.Declare(t.Context(), queues...); err != nil {
		t.Fatalf("declare: %v", err)
	}
}

func publish(t *testing.T, h Harness, msgs ...bus.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	results := h.Bus.Publish(ctx, msgs...)
	if len(results) != len(msgs) {
		t.Fatalf("Publish of %d messages returned %d results", len(msgs), len(results))
	}
	for i, err := range results {
		if err != nil {
			t.Fatalf("message %d (%s) not confirmed: %v", i, msgs[i].ID, err)
		}
	}
}

// consume starts a consumer. The function it returns stops it and waits for its
// end; the end of the test does so too.
func consume(t *testing.T, h Harness, q bus.Queue, handle bus.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Bus.Consume(ctx, q, handle) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := receive(t, done); err != nil {
			t.Errorf("Consume(%s): %v", q.Name, err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// collect is consume with a handler that takes everything.
func collect(t *testing.T, h Harness, q bus.Queue) <-chan bus.Message {
	t.Helper()
	got := make(chan bus.Message, 10_000)
	consume(t, h, q, func(_ context.Context, m bus.Message) error { got <- m; return nil })
	return got
}

// receive waits for the next value.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var v T
	select {
	case v = <-from:
	case <-timer.C:
		t.Fatalf("nothing came within %v", patience)
	}
	return v
}

// receiveIDs waits for n messages and returns their ids, sorted.
func receiveIDs(t *testing.T, from <-chan bus.Message, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = receive(t, from).ID
	}
	slices.Sort(ids)
	return ids
}

// eventually waits for what has no signal of its own: a broker's queue of dead letters.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// deadLetters waits until there are n of them.
func deadLetters(t *testing.T, h Harness, n int) []bus.DeadLetter {
	t.Helper()
	var list []bus.DeadLetter
	eventually(t, fmt.Sprintf("%d dead letters", n), func() bool {
		var err error
		if list, err = h.Dead.List(t.Context(), 1000); err != nil {
			t.Fatalf("list dead letters: %v", err)
		}
		return len(list) == n
	})
	return list
}

// message returns an event, so that a bus that packs events does so with most of the suite.
func message(id, key string) bus.Message {
	return bus.Message{ID: id, Key: key, ContentType: event.ContentType,
		Body: fmt.Appendf(nil, `{"specversion":"1.0","id":%q,"source":"/bustest","type":"com.gamestore.thing.done.v1","data":{"of":"[{%s"}}`, id, id)}
}

// messages returns n messages with ids that sort in their order.
func messages(n int, prefix, key string) []bus.Message {
	msgs := make([]bus.Message, n)
	for i := range msgs {
		msgs[i] = message(fmt.Sprintf("%s%05d", prefix, i), key)
	}
	return msgs
}

func idsOf(msgs ...bus.Message) []string {
	ids := make([]string, len(msgs))
	for i, m := range msgs {
		ids[i] = m.ID
	}
	slices.Sort(ids)
	return ids
}
