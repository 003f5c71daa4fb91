package bustest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
)

var (
	errNotYet = errs.New(errs.NotFound, "not-yet", "the purchase is not visible yet")
	errPoison = errs.New(errs.Invalid, "bad-body", "not what was agreed")
	errDown   = errs.New(errs.Unavailable, "store-down", "our own store is down")
)

// attempts starts a consumer whose handler fails with fail before attempt ok, and
// returns the attempts it saw.
func attempts(t *testing.T, h Harness, q bus.Queue, ok int, fail func() error) <-chan int {
	t.Helper()
	seen := make(chan int, 100)
	consume(t, h, q, func(_ context.Context, m bus.Message) error {
		seen <- m.Attempt
		if m.Attempt < ok {
			return fail()
		}
		return nil
	})
	return seen
}

func testRetry(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.retry", Keys: []string{"k"}}
	declare(t, h, q)
	publish(t, h, message("1", "k"))
	seen := attempts(t, h, q, 3, func() error { return errNotYet })
	for want := 1; want <= 3; want++ {
		if got := receive(t, seen); got != want {
			t.Errorf("attempt %d, want %d", got, want)
		}
	}
	deadLetters(t, h, 0)
}

func testPanic(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.panic", Keys: []string{"k"}, Concurrency: 1}
	declare(t, h, q)
	publish(t, h, message("1", "k"))
	seen := attempts(t, h, q, 2, func() error { panic("a bug in the handler") })
	if a, b := receive(t, seen), receive(t, seen); a != 1 || b != 2 {
		t.Errorf("attempts %d and %d", a, b)
	}
}

func testLadderEnds(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.ladder", Keys: []string{"k"}}
	declare(t, h, q)
	m := message("1", "k")
	publish(t, h, m)
	seen := attempts(t, h, q, 1000, func() error { return errNotYet })
	for want := 1; want <= h.Attempts; want++ {
		if got := receive(t, seen); got != want {
			t.Errorf("attempt %d, want %d", got, want)
		}
	}
	d := deadLetters(t, h, 1)[0]
	if d.Queue != q.Name || d.Reason != errNotYet.Code || d.At.IsZero() {
		t.Errorf("got %+v", d)
	}
	m.Attempt = h.Attempts
	if diff := cmp.Diff(m, d.Message); diff != "" {
		t.Error(diff)
	}
	if len(seen) != 0 {
		t.Errorf("delivered again after its death: attempt %d", receive(t, seen))
	}
}

func testPoison(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.poison", Keys: []string{"k"}, Concurrency: 1}
	declare(t, h, q)
	publish(t, h, message("poison", "k"), message("good", "k"))
	got := make(chan bus.Message, 10)
	consume(t, h, q, func(_ context.Context, m bus.Message) error {
		got <- m
		if m.ID == "poison" {
			return errPoison
		}
		return nil
	})
	if d := cmp.Diff([]string{"good", "poison"}, receiveIDs(t, got, 2)); d != "" {
		t.Error(d)
	}
	d := deadLetters(t, h, 1)[0]
	if d.Message.ID != "poison" || d.Message.Attempt != 1 || d.Reason != errPoison.Code {
		t.Errorf("got %+v", d)
	}
}

func testHold(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.hold", Keys: []string{"k"}, Concurrency: 2}
	declare(t, h, q)
	publish(t, h, message("held", "k"))
	tried, free := make(chan int, 100), make(chan struct{})
	others := make(chan string, 100)
	consume(t, h, q, func(_ context.Context, m bus.Message) error {
		if m.ID != "held" {
			others <- m.ID
			return nil
		}
		tried <- m.Attempt
		select {
		case <-free:
			return nil
		default:
			return errDown
		}
	})
	receive(t, tried)
	publish(t, h, messages(10, "other", "k")...)
	for range 10 {
		receive(t, others) // though the first one is still held
	}
	close(free)
	if got := receive(t, tried); got != 1 {
		t.Errorf("a held delivery is at attempt %d", got)
	}
	deadLetters(t, h, 0)
}

func testDrain(t *testing.T, h Harness) {
	const all, workers = 60, 4
	q := bus.Queue{Name: "bustest.drain", Keys: []string{"k"}, Concurrency: workers}
	declare(t, h, q)
	msgs := messages(all, "m", "k")
	publish(t, h, msgs...)
	started, finish := make(chan struct{}, all), make(chan struct{})
	handled := make(chan string, all)
	ctx, shutDown := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- h.Bus.Consume(ctx, q, func(ctx context.Context, m bus.Message) error {
			started <- struct{}{}
			<-finish
			if err := ctx.Err(); err != nil {
				t.Errorf("the handler in flight lost its context: %v", err)
			}
			handled <- m.ID
			return nil
		})
	}()
	for range workers {
		receive(t, started)
	}
	shutDown()
	close(finish) // so that all in flight finish after the shutdown began
	if err := receive(t, ended); err != nil {
		t.Errorf("Consume: %v", err)
	}
	close(handled)
	var ids []string
	for id := range handled {
		ids = append(ids, id)
	}
	if len(ids) < workers {
		t.Errorf("%d handlers finished, want %d at least", len(ids), workers)
	}
	ids = append(ids, receiveIDs(t, collect(t, h, q), all-len(ids))...)
	slices.Sort(ids)
	if d := cmp.Diff(idsOf(msgs...), ids); d != "" {
		t.Error(d)
	}
}

// bury makes dead letters of messages.
func bury(t *testing.T, h Harness, q bus.Queue, msgs ...bus.Message) {
	t.Helper()
	declare(t, h, q)
	stop := consume(t, h, q, func(context.Context, bus.Message) error { return errPoison })
	publish(t, h, msgs...)
	deadLetters(t, h, len(msgs))
	stop()
}

func testReplay(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.replay", Keys: []string{"k"}}
	want := message("1", "k")
	want.Headers = map[string]string{"h": "v"}
	bury(t, h, q, want, message("2", "k"))
	got := collect(t, h, q)
	if err := h.Dead.Replay(t.Context(), q.Name, "1"); err != nil {
		t.Fatal(err)
	}
	want.Attempt = 1
	if d := cmp.Diff(want, receive(t, got)); d != "" {
		t.Error(d)
	}
	if left := deadLetters(t, h, 1)[0]; left.Message.ID != "2" {
		t.Errorf("left: %+v", left)
	}
	for _, id := range []string{"1", "no-such"} {
		if err := h.Dead.Replay(t.Context(), q.Name, id); !errors.Is(err, bus.ErrNoDeadLetter) {
			t.Errorf("replay of %s: %v", id, err)
		}
	}
	if err := h.Dead.Replay(t.Context(), "bustest.other", "2"); !errors.Is(err, bus.ErrNoDeadLetter) {
		t.Errorf("replay in another queue: %v", err)
	}
}

func testDrop(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.drop", Keys: []string{"k"}}
	bury(t, h, q, message("1", "k"), message("2", "k"))
	if err := h.Dead.Drop(t.Context(), q.Name, "1"); err != nil {
		t.Fatal(err)
	}
	if left := deadLetters(t, h, 1)[0]; left.Message.ID != "2" {
		t.Errorf("left: %+v", left)
	}
	if err := h.Dead.Drop(t.Context(), q.Name, "1"); !errors.Is(err, bus.ErrNoDeadLetter) {
		t.Errorf("drop again: %v", err)
	}
}

func testList(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.list", Keys: []string{"k"}, Concurrency: 1}
	declare(t, h, q)
	consume(t, h, q, func(context.Context, bus.Message) error { return errPoison })
	for i, m := range messages(3, "m", "k") {
		publish(t, h, m)
		deadLetters(t, h, i+1)
	}
	list, err := h.Dead.List(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Message.ID != "m00000" || list[1].Message.ID != "m00001" {
		t.Errorf("got %+v", list)
	}
}
