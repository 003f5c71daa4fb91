package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/memory"
	"gamestore.example/pkg/outbox/outboxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// publisher is a bus that notes what it took and fails as told.
type publisher struct {
	mu        sync.Mutex
	confirmed []string
	attempts  int
	fail      func(m bus.Message) error
	// takes is how long a call of Publish lasts.
	takes time.Duration
}

func (p *publisher) Publish(ctx context.Context, msgs ...bus.Message) []error {
	if p.takes > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(p.takes):
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attempts++
	results := make([]error, len(msgs))
	for i, m := range msgs {
		if err := ctx.Err(); err != nil {
			results[i] = err
		} else if p.fail != nil {
			results[i] = p.fail(m)
		}
		if results[i] == nil {
			p.confirmed = append(p.confirmed, m.ID)
		}
	}
	return results
}

func (p *publisher) setFail(f func(bus.Message) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = f
}

func (p *publisher) calls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.attempts
}

// times returns how often each id was confirmed.
func (p *publisher) times() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := map[string]int{}
	for _, id := range p.confirmed {
		n[id]++
	}
	return n
}

// flaky is a store whose calls fail while down.
type flaky struct {
	outbox.Store
	mu         sync.Mutex
	claimErr   error
	markErr    error
	marks      int
	pruneCalls int
}

func (f *flaky) set(claimErr, markErr error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.claimErr, f.markErr = claimErr, markErr
}

func (f *flaky) Claim(ctx context.Context, owner string, limit int, lease time.Duration) ([]outbox.Record, error) {
	f.mu.Lock()
	err := f.claimErr
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return f.Store.Claim(ctx, owner, limit, lease)
}

func (f *flaky) MarkSent(ctx context.Context, owner string, seqs ...int64) error {
	f.mu.Lock()
	f.marks++
	err := f.markErr
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return f.Store.MarkSent(ctx, owner, seqs...)
}

// world is a relay between a memory store and a fake bus, in a bubble.
type world struct {
	memory *memory.Store
	store  *flaky
	pub    *publisher
	signal outbox.Signal
	logs   *bytes.Buffer
	reg    *prometheus.Registry
	stop   context.CancelFunc
	done   chan struct{}
}

func newWorld() *world {
	m := memory.NewStore(time.Now)
	return &world{
		memory: m, store: &flaky{Store: m}, pub: &publisher{}, signal: outbox.NewSignal(),
		logs: &bytes.Buffer{}, reg: prometheus.NewRegistry(), done: make(chan struct{}),
	}
}

func (w *world) start(t *testing.T, cfg outbox.RelayConfig) {
	t.Helper()
	relay, err := outbox.NewRelay(w.store, w.pub, w.signal, cfg, slog.New(slog.NewTextHandler(w.logs, nil)), w.reg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	w.done = make(chan struct{})
	go func() {
		defer close(w.done)
		if err := relay.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	synctest.Wait()
}

// end stops the relay and waits for its last flush.
func (w *world) end() {
	w.stop()
	<-w.done
}

func (w *world) commit(records ...outbox.Record) {
	w.memory.Append(records...)
	w.signal.Wake()
	synctest.Wait()
}

func (w *world) wantPending(t *testing.T, want int64) {
	t.Helper()
	st, err := w.memory.Stats(context.Background())
	if err != nil || st.Pending != want {
		t.Errorf("%d records wait, %v; want %d", st.Pending, err, want)
	}
}

// wantEach checks that n ids of a prefix were confirmed so many times each.
func (w *world) wantEach(t *testing.T, prefix string, n, times int) {
	t.Helper()
	got := w.pub.times()
	for i := range n {
		if id := fmt.Sprintf("%s-%d", prefix, i); got[id] != times {
			t.Errorf("%s was confirmed %d times, want %d", id, got[id], times)
		}
	}
}

func TestACommitIsPublishedAtOnceAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{})
		before := time.Now()
		w.commit(outboxtest.Records("a", 3)...)
		w.wantEach(t, "a", 3, 1)
		w.wantPending(t, 0)
		if d := time.Since(before); d != 0 {
			t.Errorf("took %v, so it waited for the poll", d)
		}
		time.Sleep(5 * time.Minute)
		w.wantEach(t, "a", 3, 1)
		w.end()
	})
}

func TestABacklogLargerThanABatchNeedsOneWakeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{Batch: 10})
		before := time.Now()
		w.commit(outboxtest.Records("a", 95)...)
		w.wantEach(t, "a", 95, 1)
		w.wantPending(t, 0)
		if d := time.Since(before); d != 0 || w.pub.calls() != 10 {
			t.Errorf("took %v and %d calls", d, w.pub.calls())
		}
		w.end()
	})
}

func TestWhatNobodySignalledIsFoundByThePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{})
		w.memory.Append(outboxtest.Records("a", 1)...)
		time.Sleep(1200 * time.Millisecond)
		w.wantEach(t, "a", 1, 1)
		w.end()
	})
}

func TestARefusedMessageIsPublishedAgainAndHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		refusals := 0
		w.pub.fail = func(m bus.Message) error {
			if m.ID == "a-1" && refusals < 3 {
				refusals++
				return bus.ErrQueueFull
			}
			return nil
		}
		w.start(t, outbox.RelayConfig{})
		w.commit(outboxtest.Records("a", 3)...)
		if got := w.pub.times(); got["a-0"] != 1 || got["a-2"] != 1 || got["a-1"] != 0 {
			t.Errorf("confirmed %v", got)
		}
		w.wantPending(t, 1)
		time.Sleep(5 * time.Second)
		w.wantEach(t, "a", 3, 1)
		w.wantPending(t, 0)
		w.end()
		const want = `
# HELP messaging_client_sent_messages_total Messages handed to the bus, by routing key and outcome: confirmed or failed.
# TYPE messaging_client_sent_messages_total counter
messaging_client_sent_messages_total{destination_name="game.purchased",outcome="confirmed"} 3
messaging_client_sent_messages_total{destination_name="game.purchased",outcome="failed"} 3
`
		if err := testutil.GatherAndCompare(w.reg, strings.NewReader(want), "messaging_client_sent_messages_total"); err != nil {
			t.Error(err)
		}
	})
}

func TestARefusedMessageDelaysTheNextCommitByAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.setFail(func(m bus.Message) error {
			if m.ID == "poison-0" {
				return errors.New("too large")
			}
			return nil
		})
		w.start(t, outbox.RelayConfig{MinBackoff: 50 * time.Millisecond})
		w.commit(outboxtest.Records("poison", 1)...)
		for i := range 100 {
			time.Sleep(10*time.Second + time.Duration(i)*37*time.Millisecond)
			prefix := fmt.Sprintf("r%d", i)
			w.commit(outboxtest.Records(prefix, 1)...)
			time.Sleep(60 * time.Millisecond)
			w.wantEach(t, prefix, 1, 1)
		}
		w.end()
		if n := strings.Count(w.logs.String(), "\n"); n != 1 {
			t.Errorf("%d log lines, want one for the one change:\n%s", n, w.logs)
		}
	})
}

func TestABusThatWasDownForAnHourGetsAllWithinFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.setFail(func(bus.Message) error { return errors.New("connection refused") })
		w.start(t, outbox.RelayConfig{Batch: 100})
		w.commit(outboxtest.Records("a", 1000)...)
		for range 60 {
			time.Sleep(time.Minute)
			w.signal.Wake() // Somebody buys all the time.
		}
		if n := w.pub.calls(); n > 2*3600 {
			t.Errorf("%d calls in an hour: it does not back off", n)
		}
		w.pub.setFail(nil)
		time.Sleep(5 * time.Second)
		w.wantEach(t, "a", 1000, 1)
		w.wantPending(t, 0)
		time.Sleep(5 * time.Second)
		w.commit(outboxtest.Records("b", 1)...)
		w.end()
		if n := strings.Count(w.logs.String(), "\n"); n != 2 {
			t.Errorf("%d log lines, want one for each change:\n%s", n, w.logs)
		}
	})
}

func TestACrashAfterPublishingRepeatsTheSameIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		// The crash: what the relay claimed and published is never marked.
		w.memory.Append(outboxtest.Records("a", 2)...)
		claimed, err := w.memory.Claim(t.Context(), "dead relay", 10, 30*time.Second)
		if err != nil || len(claimed) != 2 {
			t.Fatal(claimed, err)
		}
		for _, r := range claimed {
			w.pub.Publish(t.Context(), r.Message)
		}
		w.start(t, outbox.RelayConfig{})
		time.Sleep(28 * time.Second)
		w.wantEach(t, "a", 2, 1)
		time.Sleep(7 * time.Second)
		w.wantEach(t, "a", 2, 2)
		w.wantPending(t, 0)
		w.end()
	})
}

func TestMarkingIsTriedAgainWhileTheLeaseLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.store.set(nil, errors.New("disk full"))
		w.start(t, outbox.RelayConfig{})
		w.commit(outboxtest.Records("a", 1)...)
		time.Sleep(10 * time.Second)
		w.wantPending(t, 1)
		w.store.set(nil, nil)
		time.Sleep(3 * time.Second)
		w.wantPending(t, 0)
		time.Sleep(time.Minute)
		w.wantEach(t, "a", 1, 1)
		w.end()
	})
}

func TestAStoreThatFailsIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.store.set(errors.New("database is locked"), nil)
		w.start(t, outbox.RelayConfig{})
		w.commit(outboxtest.Records("a", 1)...)
		time.Sleep(10 * time.Minute)
		w.store.set(nil, nil)
		time.Sleep(3 * time.Second)
		w.wantEach(t, "a", 1, 1)
		time.Sleep(5 * time.Second)
		w.end()
		if n := strings.Count(w.logs.String(), "\n"); n != 2 {
			t.Errorf("%d log lines, want one for each change:\n%s", n, w.logs)
		}
	})
}

func TestTheEndFlushesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.takes = 100 * time.Millisecond
		w.start(t, outbox.RelayConfig{Batch: 10})
		w.commit(outboxtest.Records("a", 5)...) // in flight when the end comes
		w.memory.Append(outboxtest.Records("b", 25)...)
		w.end()
		w.wantEach(t, "a", 5, 1)
		w.wantEach(t, "b", 25, 1)
		w.wantPending(t, 0)
	})
}

func TestTheEndIsBoundedAndGivesTheRecordsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.takes = time.Hour
		w.start(t, outbox.RelayConfig{Flush: 3 * time.Second})
		w.commit(outboxtest.Records("a", 5)...)
		before := time.Now()
		w.end()
		if d := time.Since(before); d > 4*time.Second {
			t.Errorf("ended after %v", d)
		}
		time.Sleep(3 * time.Second)
		got, err := w.memory.Claim(t.Context(), "successor", 10, time.Second)
		if err != nil || len(got) != 5 {
			t.Errorf("the successor got %d records, %v; want 5", len(got), err)
		}
	})
}

func TestGaugesAndPruning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.setFail(func(bus.Message) error { return errors.New("down") })
		w.start(t, outbox.RelayConfig{})
		w.commit(outboxtest.Records("a", 4)...)
		time.Sleep(10*time.Second + time.Millisecond)
		const want = `
# HELP gamestore_outbox_oldest_age_seconds Age of the oldest event that is not published yet; 0 if there is none.
# TYPE gamestore_outbox_oldest_age_seconds gauge
gamestore_outbox_oldest_age_seconds 10
# HELP gamestore_outbox_pending Events in the outbox that are not published yet.
# TYPE gamestore_outbox_pending gauge
gamestore_outbox_pending 4
`
		err := testutil.GatherAndCompare(w.reg, strings.NewReader(want), "gamestore_outbox_pending", "gamestore_outbox_oldest_age_seconds")
		if err != nil {
			t.Error(err)
		}
		w.pub.setFail(nil)
		time.Sleep(24*time.Hour + 5*time.Minute)
		if n, err := w.memory.Prune(t.Context(), 0, 100); err != nil || n != 0 {
			t.Errorf("%d sent records are left after a day, %v", n, err)
		}
		w.end()
	})
}

func TestTwoRelaysShareARegistryAndAnOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{Name: "one", Batch: 7})
		first, firstDone := w.stop, w.done
		w.start(t, outbox.RelayConfig{Name: "two", Batch: 7})
		w.commit(outboxtest.Records("a", 500)...)
		time.Sleep(time.Minute)
		w.wantEach(t, "a", 500, 1)
		first()
		<-firstDone
		w.end()
	})
}
