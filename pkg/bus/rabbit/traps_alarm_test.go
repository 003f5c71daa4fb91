package rabbit_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/errs"
)

// An alarm makes the broker stop reading from publishers. They fail and do not hang,
// and what comes to consumers is handled and acknowledged meanwhile.
func TestTrapAnAlarmOfTheBroker(t *testing.T) {
	broker := rabbittest.Start(t)
	b := newBus(t, rabbit.Config{URL: broker.URL, WriteTimeout: time.Second})
	q := bus.Queue{Name: "bustest.alarm", Keys: []string{"thing.*"}, Concurrency: 4}
	declare(t, b, q)
	publishAll(t, b, things("before", 100)...)
	limit := func(args ...string) {
		t.Helper()
		if _, err := broker.Ctl(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	limit("set_disk_free_limit", "100000GB")
	// No deadline but the adapter's own. The first may still slip in.
	eventually(t, "publishing fails", func() bool {
		err := b.Publish(context.Background(), thing("small"))[0]
		if err != nil && errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("got %v", err)
		}
		return err != nil
	})
	// More than the sockets hold: the write itself would hang.
	large := things("large", 40)
	for i := range large {
		large[i].Body = append(large[i].Body, make([]byte, bus.MaxBody/2)...)
	}
	var publishers sync.WaitGroup
	for range 4 {
		publishers.Go(func() {
			for i, err := range b.Publish(context.Background(), large...) {
				if errs.ClassOf(err) != errs.Unavailable {
					t.Errorf("%s: %v", large[i].ID, err)
				}
			}
		})
	}
	publishers.Wait()
	handled := make(chan string, 1000)
	stop := consume(t, b, q, func(_ context.Context, m bus.Message) error {
		if m.ID != "small" {
			handled <- m.ID
		}
		return nil
	})
	var ids []string
	for range 100 {
		ids = append(ids, receive(t, handled))
	}
	slices.Sort(ids)
	if d := cmp.Diff(idsOf(things("before", 100)), ids); d != "" {
		t.Error(d)
	}
	stop()
	r := dialRaw(t, broker.URL)
	eventually(t, "all is acknowledged", func() bool { return r.ready(rabbit.QueueName(q.Name)) == 0 })
	limit("set_disk_free_limit", "50MB")
	eventually(t, "publishing works again", func() bool { return b.Publish(t.Context(), thing("after"))[0] == nil })
}

// A large message goes out in many writes, of which one hangs while nobody knows of the alarm.
func TestTrapTheFirstPublishUnderAnAlarm(t *testing.T) {
	broker := rabbittest.Start(t)
	b := newBus(t, rabbit.Config{URL: broker.URL, WriteTimeout: time.Second})
	declare(t, b, bus.Queue{Name: "bustest.memory", Keys: []string{"thing.*"}})
	publishAll(t, b, thing("before"))
	if _, err := broker.Ctl(t.Context(), "set_vm_memory_high_watermark", "absolute", "1"); err != nil {
		t.Fatal(err)
	}
	large := things("large", 64)
	for i := range large {
		large[i].Body = append(large[i].Body, make([]byte, bus.MaxBody/2)...)
	}
	failed := 0
	for _, err := range b.Publish(context.Background(), large...) {
		if err != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Error("32 MB were taken under an alarm")
	}
	if _, err := broker.Ctl(t.Context(), "set_vm_memory_high_watermark", "0.4"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "publishing works again", func() bool { return b.Publish(t.Context(), thing("after"))[0] == nil })
}

// Whatever was confirmed is consumed, also when the broker was killed meanwhile.
func TestTrapTheBrokerIsKilled(t *testing.T) {
	broker := rabbittest.Start(t)
	q := bus.Queue{Name: "bustest.killed", Keys: []string{"thing.*"}, Concurrency: 8}
	consumer := newBus(t, rabbit.Config{URL: broker.URL})
	declare(t, consumer, q)
	var mu sync.Mutex
	consumed := map[string]bool{}
	consume(t, consumer, q, func(_ context.Context, m bus.Message) error {
		mu.Lock()
		defer mu.Unlock()
		consumed[m.ID] = true
		return nil
	})
	var confirmed []string
	for _, pack := range []int{1, 16} {
		b := newBus(t, rabbit.Config{URL: broker.URL, Pack: pack})
		flow := func(name string, calls int) {
			for call := range calls {
				msgs := things(fmt.Sprintf("%d-%s-%d-", pack, name, call), 32)
				for i, err := range b.Publish(t.Context(), msgs...) {
					if err == nil {
						confirmed = append(confirmed, msgs[i].ID)
					} else if errs.ClassOf(err) != errs.Unavailable {
						t.Errorf("%s: %v", msgs[i].ID, err)
					}
				}
			}
		}
		flow("before", 20)
		done := make(chan error, 1)
		go func() { done <- broker.Kill() }()
		flow("dying", 4)
		if err := receive(t, done); err != nil {
			t.Fatal(err)
		}
		if err := broker.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is there again", func() bool { return b.Publish(t.Context(), thing("ping"))[0] == nil })
		flow("after", 5)
	}
	eventually(t, "all that was confirmed is consumed", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return !slices.ContainsFunc(confirmed, func(id string) bool { return !consumed[id] })
	})
}
