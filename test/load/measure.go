package load

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// leadIn is how long a side works before anything counts: queues fill, connections
	// open, and slow ways are not punished for their first answer.
	leadIn = 1500 * time.Millisecond
	// ending bounds how long what was begun may take to end.
	ending = 60 * time.Second
)

// tally counts operations while it is open.
type tally struct {
	mu        sync.Mutex
	open      bool
	n         int
	latencies []time.Duration
}

// add counts n operations of which only the first's latency is known, or none's if it is 0.
func (t *tally) add(n int, latency time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.open {
		return
	}
	t.n += n
	if latency > 0 {
		t.latencies = append(t.latencies, latency)
	}
}

func (t *tally) count(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open = on
}

// measure runs work and counts what it reports within d, after the lead-in. The context
// of begin ends when nothing new may be begun, the other one when all has to stop.
func measure(ctx context.Context, d time.Duration, work func(begin, ctx context.Context, t *tally) error) (Round, error) {
	ctx, stop := context.WithTimeout(ctx, leadIn+d+ending)
	defer stop()
	begin, enough := context.WithCancel(ctx)
	defer enough()
	t := &tally{}
	done := make(chan error, 1)
	go func() { done <- work(begin, ctx, t) }()

	r := Round{}
	err := pauseFor(ctx, leadIn, done)
	if err == nil {
		before, from := cpuTimes(), time.Now()
		t.count(true)
		err = pauseFor(ctx, d, done)
		t.count(false)
		r.Took, r.CPU = time.Since(from), since(before, cpuTimes())
	}
	if err != nil {
		return r, err
	}
	enough()
	if err := <-done; err != nil {
		return r, err
	}
	r.Operations, r.Latencies = t.n, t.latencies
	return r, nil
}

// pauseFor waits, unless the work or ctx ends.
func pauseFor(ctx context.Context, d time.Duration, done <-chan error) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case err := <-done:
		return fmt.Errorf("it ended before its time: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// crowd runs one function for each of n clients and returns the first error; one that
// fails ends the others.
func crowd(ctx context.Context, n int, client func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := client(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}
