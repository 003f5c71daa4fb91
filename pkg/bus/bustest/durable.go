package bustest

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gamestore.example/pkg/bus"
)

func testCrashBeforeConsume(t *testing.T, h Harness) {
	a := bus.Queue{Name: "bustest.crash-a", Keys: []string{"k"}}
	b := bus.Queue{Name: "bustest.crash-b", Keys: []string{"k"}}
	declare(t, h, a, b)
	msgs := messages(30, "m", "k")
	msgs[0].Headers = map[string]string{"h": "Ação"}
	publish(t, h, msgs...)
	h = h.Reopen()
	declare(t, h, a, b)
	got := collect(t, h, a)
	arrived := map[string]bus.Message{}
	for range msgs {
		m := receive(t, got)
		arrived[m.ID] = m
	}
	for _, want := range msgs {
		want.Attempt = 1
		if d := cmp.Diff(want, arrived[want.ID], cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
	}
	if d := cmp.Diff(idsOf(msgs...), receiveIDs(t, collect(t, h, b), len(msgs))); d != "" {
		t.Error(d)
	}
}

func testCrashInFlight(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.in-flight", Keys: []string{"k"}, Concurrency: 5}
	declare(t, h, q)
	msgs := messages(10, "m", "k")
	publish(t, h, msgs...)
	started, end := make(chan struct{}, 10), make(chan struct{})
	consume(t, h, q, func(context.Context, bus.Message) error {
		started <- struct{}{}
		<-end // in flight for as long as its process would have lived
		return errDown
	})
	t.Cleanup(func() { close(end) }) // runs before the consumer is stopped
	for range 5 {
		receive(t, started)
	}
	h = h.Reopen()
	declare(t, h, q)
	if d := cmp.Diff(idsOf(msgs...), receiveIDs(t, collect(t, h, q), len(msgs))); d != "" {
		t.Error(d)
	}
}

func testSettledStaysSettled(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.settled", Keys: []string{"k"}, Concurrency: 1}
	declare(t, h, q)
	done := make(chan string, 100)
	stop := consume(t, h, q, func(_ context.Context, m bus.Message) error { done <- m.ID; return nil })
	publish(t, h, messages(20, "m", "k")...)
	for range 20 {
		receive(t, done)
	}
	stop()
	h = h.Reopen()
	declare(t, h, q)
	publish(t, h, message("next", "k"))
	if got := receive(t, collect(t, h, q)); got.ID != "next" {
		t.Errorf("%s was settled and came again", got.ID)
	}
}

func testCrashDeadLetter(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.crash-dead", Keys: []string{"k"}}
	want := message("1", "k")
	bury(t, h, q, want)
	h = h.Reopen()
	declare(t, h, q)
	got := collect(t, h, q)
	d := deadLetters(t, h, 1)[0]
	if d.Queue != q.Name || d.Reason != errPoison.Code || d.At.IsZero() {
		t.Errorf("got %+v", d)
	}
	if err := h.Dead.Replay(t.Context(), q.Name, "1"); err != nil {
		t.Fatal(err)
	}
	want.Attempt = 1
	if d := cmp.Diff(want, receive(t, got)); d != "" {
		t.Error(d)
	}
	deadLetters(t, h, 0)
}

// testDeliveryLimit has a message whose delivery ends the process, each time it starts.
func testDeliveryLimit(t *testing.T, h Harness) {
	const least, most = 15, 25
	q := bus.Queue{Name: "bustest.killer", Keys: []string{"k"}, Concurrency: 1}
	declare(t, h, q)
	want := message("killer", "k")
	publish(t, h, want)
	end := make(chan struct{})
	finish := sync.OnceFunc(func() { close(end) })
	started := make(chan struct{}, 1000)
	for crash := 0; ; crash++ {
		stop := consume(t, h, q, func(context.Context, bus.Message) error {
			started <- struct{}{}
			<-end // in flight for as long as its process would have lived
			return errDown
		})
		t.Cleanup(finish) // runs before the consumer is stopped
		var letters []bus.DeadLetter
		eventually(t, "a delivery or a dead letter", func() bool {
			if len(started) > 0 {
				return true
			}
			var err error
			if letters, err = h.Dead.List(t.Context(), 10); err != nil {
				t.Fatalf("list dead letters: %v", err)
			}
			return len(letters) > 0
		})
		if len(letters) > 0 {
			finish()
			stop()
			if d := letters[0]; crash < least || d.Queue != q.Name || d.Reason != bus.ReasonDeliveryLimit || d.Message.ID != want.ID || d.At.IsZero() {
				t.Errorf("after %d crashes: %+v", crash, d)
			}
			break
		}
		if crash == most {
			t.Fatalf("it comes again after %d crashes", most)
		}
		<-started
		h = h.Reopen()
		declare(t, h, q)
	}
	got := collect(t, h, q)
	if err := h.Dead.Replay(t.Context(), q.Name, want.ID); err != nil {
		t.Fatal(err)
	}
	want.Attempt = 1
	if d := cmp.Diff(want, receive(t, got), cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}
