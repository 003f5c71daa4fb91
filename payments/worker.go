package payments

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Worker drives payments that are due. Several may run on one repository, in one
// process or many: a payment is driven by one at a time.
type Worker struct {
	*core
	slots   chan struct{}
	starved atomic.Bool

	mu sync.Mutex
	// calls is the context of the calls to providers while Run takes payments, else nil.
	calls context.Context
	// driving counts them.
	driving sync.WaitGroup
}

func newWorker(c *core) *Worker {
	return &Worker{core: c, slots: make(chan struct{}, c.Config.Concurrency)}
}

// ProcessDue claims payments that are due, as many as there is room for, drives each
// of them one step, and returns how many after the last one is stored. What a
// step leaves open is due again later. The error is the repository's.
func (w *Worker) ProcessDue(ctx context.Context) (int, error) {
	var wg sync.WaitGroup
	n, _, err := w.dispatch(ctx, ctx, &wg)
	wg.Wait()
	return n, err
}

// Run drives payments until ctx ends: whenever the service accepted something, and
// each Config.Poll for what a crash left and what is due by time. Then it lets
// the calls under way finish for Config.Grace before it gives them up; a charge
// that was given up is unknown, and the next worker looks it up. A repository
// that is down is tried again.
func (w *Worker) Run(ctx context.Context) error {
	calls, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	w.beginIn(calls)
	for ctx.Err() == nil {
		_, more, err := w.dispatch(ctx, calls, &w.driving)
		if err != nil && ctx.Err() == nil {
			w.Observer.ClaimFailed(ctx, err)
		}
		if err != nil || !more {
			w.rest(ctx)
		}
	}
	w.beginNothing()
	stopped := make(chan struct{})
	go func() { w.driving.Wait(); close(stopped) }()
	grace := time.NewTimer(w.Config.Grace)
	defer grace.Stop()
	select {
	case <-stopped:
	case <-grace.C:
		giveUp()
		<-stopped
	}
	return nil
}

// rest waits to be woken, or for the next poll.
func (w *Worker) rest(ctx context.Context) {
	poll := time.NewTimer(jittered(w.Config.Poll, w.Random()))
	defer poll.Stop()
	select {
	case <-ctx.Done():
	case <-w.wake:
	case <-poll.C:
	}
}

// dispatch claims as many due payments as there are free slots and starts to drive
// them in calls, a context that may outlive ctx. It returns how many, and whether
// more may be due.
func (w *Worker) dispatch(ctx, calls context.Context, wg *sync.WaitGroup) (int, bool, error) {
	free := w.take()
	if free == 0 {
		return 0, false, nil
	}
	lease := w.lease()
	claimed, err := w.Repository.Claim(ctx, w.time(), free, func(p Payment) (Payment, error) {
		return p.Start(lease, w.time())
	})
	w.give(free - len(claimed))
	if err != nil {
		return 0, false, err
	}
	for _, p := range claimed {
		wg.Go(func() {
			defer w.finished()
			_, _ = w.drive(calls, p) // as in begun
		})
	}
	return len(claimed), len(claimed) == free, nil
}

// beginIn lets payments be begun, whose calls to providers get the context.
func (w *Worker) beginIn(calls context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = calls
}

// beginNothing ends that. Nothing is added to driving after it.
func (w *Worker) beginNothing() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = nil
}

// begin returns a payment that is not stored yet as one that this worker has claimed, if it
// runs and has a slot for it: storing it then spares the claim. Tell begun what became of it.
func (w *Worker) begin(p Payment) (Payment, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls == nil {
		return p, false
	}
	select {
	case w.slots <- struct{}{}:
	default:
		return p, false
	}
	started, err := p.Start(w.lease(), w.time())
	if err != nil {
		<-w.slots
		return p, false
	}
	return started, true
}

// begun drives a payment that begin claimed, if it is stored. If the worker ends just now
// the lease ends too, and the next worker takes it.
func (w *Worker) begun(p Payment, stored bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	if !stored || calls == nil {
		w.finished()
		return
	}
	w.driving.Go(func() {
		defer w.finished()
		_, _ = w.drive(calls, p) // the observer heard of a failure; the lease mends it
	})
}

// take takes every free slot. If there is none, the next one to be freed wakes the
// worker: starved is set before looking, so that none is freed unseen.
func (w *Worker) take() int {
	w.starved.Store(true)
	n := 0
	for {
		select {
		case w.slots <- struct{}{}:
			n++
		default:
			w.starved.Store(n == 0)
			return n
		}
	}
}

func (w *Worker) give(n int) {
	for range n {
		<-w.slots
	}
}

// finished frees a slot, and wakes the worker if it waits for one.
func (w *Worker) finished() {
	w.give(1)
	if w.starved.Load() {
		w.wakeUp()
	}
}
