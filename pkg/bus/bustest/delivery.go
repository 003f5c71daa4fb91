package bustest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/observe"
)

func testCompeting(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.competing", Keys: []string{"k"}, Concurrency: 3}
	declare(t, h, q)
	first, second := collect(t, h, q), collect(t, h, q)
	msgs := messages(200, "m", "k")
	publish(t, h, msgs...)
	var ids []string
	for range msgs {
		select {
		case m := <-first:
			ids = append(ids, m.ID)
		case m := <-second:
			ids = append(ids, m.ID)
		case <-t.Context().Done():
		}
	}
	slices.Sort(ids)
	if d := cmp.Diff(idsOf(msgs...), ids); d != "" {
		t.Error(d)
	}
	if len(first)+len(second) > 0 {
		t.Error("something came twice")
	}
}

func testFields(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.fields", Keys: []string{"#"}}
	declare(t, h, q)
	got := collect(t, h, q)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, m := range []bus.Message{
		{ID: "0192f0c1-0000-7000-8000-000000000001", Key: "game.purchased", ContentType: "application/cloudevents+json",
			Headers: map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x": "", "name": "Ação 漢字"},
			Body:    []byte(`{"a":1}`)},
		{ID: "binary", Key: "b", ContentType: "application/octet-stream", Body: every},
		{ID: "bare", Key: "c"},
		{ID: "large", Key: "d", Body: []byte(strings.Repeat("x", 256<<10))},
	} {
		publish(t, h, m)
		want, arrived := m, receive(t, got)
		want.Attempt = 1
		if !bytes.Equal(want.Body, arrived.Body) {
			t.Errorf("%s: another body, %d bytes instead of %d", m.ID, len(arrived.Body), len(want.Body))
		}
		want.Body, arrived.Body = nil, nil // a difference of large ones takes a second to make
		if d := cmp.Diff(want, arrived, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", m.ID, d)
		}
	}
}

func testIsolation(t *testing.T, h Harness) {
	a := bus.Queue{Name: "bustest.isolated-a", Keys: []string{"k"}, Concurrency: 1}
	b := bus.Queue{Name: "bustest.isolated-b", Keys: []string{"k"}, Concurrency: 1}
	declare(t, h, a, b)
	m := message("1", "k")
	m.Headers = map[string]string{"h": "1"}
	want := message("1", "k")
	want.Headers = map[string]string{"h": "1"}
	publish(t, h, m)
	m.Body[0], m.Headers["h"] = 'X', "X" // the publisher uses its own again
	spoilt := make(chan bus.Message, 2)
	consume(t, h, a, func(_ context.Context, m bus.Message) error {
		spoilt <- message(m.ID, m.Headers["h"]+string(m.Body))
		m.Body[0], m.Headers["h"] = 'Y', "Y"
		if m.Attempt == 1 {
			return errors.New("again, please")
		}
		return nil
	})
	for range 2 {
		if got := receive(t, spoilt).Key; got != "1"+string(want.Body) {
			t.Errorf("a delivery had %q", got)
		}
	}
	want.Attempt = 1
	if d := cmp.Diff(want, receive(t, collect(t, h, b))); d != "" {
		t.Error(d)
	}
}

func testTrace(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.trace", Keys: []string{"k"}}
	declare(t, h, q)
	ids := make(chan string, 2)
	consume(t, h, q, func(ctx context.Context, _ bus.Message) error { ids <- observe.TraceID(ctx); return nil })
	m := message("1", "k")
	m.Headers = map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
	publish(t, h, m)
	if got := receive(t, ids); got != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("trace id %q", got)
	}
	m.Headers["traceparent"] = "nonsense"
	publish(t, h, m)
	if got := receive(t, ids); got != "" {
		t.Errorf("trace id %q from nonsense", got)
	}
}

func testPublishFirst(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.first", Keys: []string{"k"}}
	declare(t, h, q)
	msgs := messages(50, "m", "k")
	publish(t, h, msgs...)
	if d := cmp.Diff(idsOf(msgs...), receiveIDs(t, collect(t, h, q), len(msgs))); d != "" {
		t.Error(d)
	}
}

func testThousand(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.thousand", Keys: []string{"k"}}
	declare(t, h, q)
	got := collect(t, h, q)
	msgs := messages(1000, "m", "k")
	publish(t, h, msgs...)
	if d := cmp.Diff(idsOf(msgs...), receiveIDs(t, got, len(msgs))); d != "" {
		t.Error(d)
	}
}

func testConcurrent(t *testing.T, h Harness) {
	const publishers, each = 20, 50
	q := bus.Queue{Name: "bustest.concurrent", Keys: []string{"k"}, Concurrency: 2}
	declare(t, h, q)
	got := make(chan bus.Message, 2*publishers*each)
	for range 20 {
		consume(t, h, q, func(_ context.Context, m bus.Message) error { got <- m; return nil })
	}
	var running sync.WaitGroup
	var all []bus.Message
	for p := range publishers {
		msgs := messages(each, fmt.Sprintf("p%02d-", p), "k")
		all = append(all, msgs...)
		running.Go(func() {
			for _, m := range msgs {
				if err := h.Bus.Publish(t.Context(), m)[0]; err != nil {
					t.Errorf("publish %s: %v", m.ID, err)
				}
			}
		})
	}
	running.Wait()
	if d := cmp.Diff(idsOf(all...), receiveIDs(t, got, len(all))); d != "" {
		t.Error(d)
	}
}

func testDuplicate(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.duplicate", Keys: []string{"k"}}
	declare(t, h, q)
	m := message("same", "k")
	publish(t, h, m, m)
	if d := cmp.Diff([]string{"same", "same"}, receiveIDs(t, collect(t, h, q), 2)); d != "" {
		t.Error(d)
	}
}

func testPublishCancelled(t *testing.T, h Harness) {
	declare(t, h, bus.Queue{Name: "bustest.cancelled", Keys: []string{"k"}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results := h.Bus.Publish(ctx, messages(3, "m", "k")...)
	if len(results) != 3 {
		t.Fatalf("%d results", len(results))
	}
	for _, err := range results {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if results := h.Bus.Publish(t.Context()); len(results) != 0 {
		t.Errorf("publishing nothing returned %v", results)
	}
}

func testUndeclared(t *testing.T, h Harness) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := h.Bus.Consume(ctx, bus.Queue{Name: "bustest.nowhere"}, func(context.Context, bus.Message) error { return nil })
	if err == nil || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
}
