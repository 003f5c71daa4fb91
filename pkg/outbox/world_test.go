package outbox_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/memory"
)

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
	// markTakes is how long a call of MarkSent lasts.
	markTakes time.Duration

	mu                sync.Mutex
	claimErr, markErr error
	claims            int
	marking, most     int // calls of MarkSent at once, now and at most
}

func (f *flaky) claimed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.claims
}

func (f *flaky) set(claimErr, markErr error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.claimErr, f.markErr = claimErr, markErr
}

func (f *flaky) Claim(ctx context.Context, owner string, limit int, lease time.Duration) ([]outbox.Record, error) {
	f.mu.Lock()
	f.claims++
	err := f.claimErr
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return f.Store.Claim(ctx, owner, limit, lease)
}

func (f *flaky) MarkSent(ctx context.Context, owner string, seqs ...int64) error {
	f.mu.Lock()
	f.marking++
	f.most = max(f.most, f.marking)
	err := f.markErr
	f.mu.Unlock()
	time.Sleep(f.markTakes)
	f.mu.Lock()
	f.marking--
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
