package memory_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/bustest"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	bustest.Run(t, func(*testing.T) bustest.Harness {
		b := memory.New(memory.WithRetry(time.Millisecond, 2*time.Millisecond, 3*time.Millisecond))
		return bustest.Harness{Bus: b, Dead: b, Attempts: 4}
	}, bustest.Features{})
}

var work = bus.Queue{Name: "test.work", Keys: []string{"work"}, Concurrency: 1}

var (
	errNotYet = errs.New(errs.NotFound, "not-yet", "not there yet")
	errPoison = errs.New(errs.Invalid, "bad-body", "not what was agreed")
	errDown   = errs.New(errs.Unavailable, "store-down", "our store is down")
)

func declare(t *testing.T, b *memory.Bus, queues ...bus.Queue) {
	t.Helper()
	if err := b.Declare(t.Context(), queues...); err != nil {
		t.Fatal(err)
	}
}

func publish(t *testing.T, b *memory.Bus, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := b.Publish(t.Context(), bus.Message{ID: id, Key: "work", Body: []byte("secret body")})[0]; err != nil {
			t.Fatal(err)
		}
	}
}

// consume runs a consumer inside of a synctest bubble until stop is called.
func consume(t *testing.T, b *memory.Bus, q bus.Queue, h bus.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Consume(ctx, q, h) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Consume: %v", err)
		}
	}
}

func TestTheLadderOfDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New()
		declare(t, b, work)
		started := time.Now()
		var times []time.Duration
		stop := consume(t, b, work, func(_ context.Context, m bus.Message) error {
			times = append(times, time.Since(started))
			return errNotYet
		})
		publish(t, b, "1")
		time.Sleep(time.Hour)
		stop()
		want := []time.Duration{0}
		for _, d := range bus.RetryLadder() {
			want = append(want, want[len(want)-1]+d)
		}
		if d := cmp.Diff(want, times); d != "" {
			t.Error(d)
		}
		if list, _ := b.List(t.Context(), 10); len(list) != 1 || !list[0].At.Equal(started.Add(want[len(want)-1])) {
			t.Errorf("dead letters: %+v", list)
		}
	})
}

func TestARetryBlocksNobodyAndWaitsForAConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(memory.WithRetry(time.Minute, time.Second))
		declare(t, b, work)
		var order []string
		handle := func(_ context.Context, m bus.Message) error {
			order = append(order, m.ID)
			if m.ID == "late" && m.Attempt < 3 {
				return errNotYet
			}
			return nil
		}
		stop := consume(t, b, work, handle)
		publish(t, b, "late", "a", "b")
		time.Sleep(time.Minute - time.Millisecond)
		publish(t, b, "c")
		time.Sleep(2 * time.Millisecond)
		stop()
		time.Sleep(time.Hour) // the retry is due now, but nobody consumes
		if d := cmp.Diff([]string{"late", "a", "b", "c", "late"}, order); d != "" {
			t.Error(d)
		}
		stop = consume(t, b, work, handle)
		synctest.Wait()
		stop()
		if order[len(order)-1] != "late" || len(order) != 6 {
			t.Errorf("got %v", order)
		}
	})
}

func TestHoldBacksOffAndGivesTheMessageBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New()
		declare(t, b, work)
		var times []time.Time
		handle := func(_ context.Context, m bus.Message) error {
			times = append(times, time.Now())
			if m.Attempt != 1 {
				t.Errorf("attempt %d", m.Attempt)
			}
			return errDown
		}
		stop := consume(t, b, work, handle)
		publish(t, b, "1")
		time.Sleep(time.Minute)
		stop()
		for i := 1; i < len(times); i++ {
			most := min(100*time.Millisecond<<(i-1), 5*time.Second)
			if got := times[i].Sub(times[i-1]); got > most || got < most*3/4 {
				t.Errorf("pause %d is %v, want %v or up to a quarter less", i, got, most)
			}
		}
		if len(times) < 15 {
			t.Errorf("only %d tries in a minute", len(times))
		}
		handled := 0
		stop = consume(t, b, work, func(_ context.Context, m bus.Message) error { handled = m.Attempt; return nil })
		synctest.Wait()
		stop()
		if handled != 1 {
			t.Errorf("the message did not come again at attempt 1 but %d", handled)
		}
	})
}

func TestAFullQueueRefusesForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(memory.WithCapacity(3), memory.WithRetry(time.Hour))
		other := bus.Queue{Name: "test.other", Keys: []string{"#"}, Concurrency: 1}
		declare(t, b, work, other)
		send := func(id, key string) error { return b.Publish(t.Context(), bus.Message{ID: id, Key: key})[0] }
		if err := send("1", "elsewhere"); err != nil {
			t.Fatal(err)
		}
		results := b.Publish(t.Context(), bus.Message{ID: "2", Key: "work"}, bus.Message{ID: "3", Key: "work"},
			bus.Message{ID: "4", Key: "work"}, bus.Message{ID: "5", Key: "nobody"})
		if results[0] != nil || results[1] != nil || !errors.Is(results[2], bus.ErrQueueFull) || !errors.Is(results[3], bus.ErrQueueFull) {
			t.Errorf("got %v", results)
		}
		var ids []string
		stop := consume(t, b, work, func(_ context.Context, m bus.Message) error { ids = append(ids, m.ID); return errNotYet })
		synctest.Wait()
		stop()
		if d := cmp.Diff([]string{"2", "3"}, ids); d != "" {
			t.Errorf("the refused message is in one queue: %s", d)
		}
		if err := send("6", "elsewhere"); !errors.Is(err, bus.ErrQueueFull) {
			t.Errorf("got %v", err)
		}
		// One acknowledged, one dead: both places are free again.
		stop = consume(t, b, other, func(_ context.Context, m bus.Message) error {
			if m.ID == "1" {
				return errPoison
			}
			return nil
		})
		synctest.Wait()
		stop()
		for _, err := range []error{send("7", "elsewhere"), send("8", "work"), send("9", "elsewhere")} {
			if err != nil {
				t.Error(err)
			}
		}
		// In the other queue a message waits for its retry, and holds its place.
		if err := send("10", "work"); !errors.Is(err, bus.ErrQueueFull) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheDrainHasABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New()
		declare(t, b, work)
		var attempts []int
		stop := consume(t, b, work, func(ctx context.Context, m bus.Message) error {
			attempts = append(attempts, m.Attempt)
			<-ctx.Done()
			return ctx.Err()
		})
		publish(t, b, "1")
		synctest.Wait()
		before := time.Now()
		stop()
		if took := time.Since(before); took != memory.DefaultDrain {
			t.Errorf("stopped after %v", took)
		}
		stop = consume(t, b, work, func(_ context.Context, m bus.Message) error { attempts = append(attempts, m.Attempt); return nil })
		synctest.Wait()
		stop()
		if d := cmp.Diff([]int{1, 1}, attempts); d != "" {
			t.Errorf("being cut off is not the message's fault: %s", d)
		}
	})
}
