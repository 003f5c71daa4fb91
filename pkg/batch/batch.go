// Package batch runs jobs that wait at the same time together.
//
// One goroutine takes whatever jobs wait, at most a given number, and hands them to
// one call of a function: a commit, an index update. It never lingers to
// collect more: under load the jobs that arrive during one call form the next
// batch, and without load a job starts at once.
package batch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"gamestore.example/pkg/errs"
)

// ErrClosed is what Do returns after Close.
var ErrClosed = errs.New(errs.Unavailable, "shutting-down", "the server is shutting down")

// errGone is for jobs whose call ended its goroutine.
var errGone = errors.New("batch: the call did not return")

// Group collects jobs of type J, usually a pointer to a struct that also takes the
// job's result. Make one with NewGroup, and Close it to free its goroutine.
type Group[J any] struct {
	limit int
	run   func([]J)

	mu      sync.Mutex
	arrived sync.Cond
	waiting []*ticket[J]
	closed  bool

	finished chan struct{}
}

// ticket is a job in its way through the group.
type ticket[J any] struct {
	job J
	// done gets the one answer; its buffer keeps the runner from waiting.
	done chan error
}

// NewGroup returns a group that calls run with 1 to limit jobs at a time, never
// twice at once. A limit below 1 means 1. The slice is reused after run returns.
func NewGroup[J any](limit int, run func([]J)) *Group[J] {
	g := &Group[J]{limit: max(limit, 1), run: run, finished: make(chan struct{})}
	g.arrived.L = &g.mu
	go g.loop()
	return g
}

// Do hands in a job and returns nil after the call that had it in its batch. The
// job's own result is in the job.
//
// If ctx ends before that call starts, the job is withdrawn and never runs; Do
// returns the context's error. After the start Do waits for the end, whatever
// happens to ctx, because the job may well take effect. After Close it returns
// ErrClosed; if run panics, an error for each job of the batch.
func (g *Group[J]) Do(ctx context.Context, job J) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	t := &ticket[J]{job: job, done: make(chan error, 1)}
	if err := g.enter(t); err != nil {
		return err
	}
	if ctx.Done() == nil {
		return <-t.done
	}
	select {
	case err := <-t.done:
		return err
	case <-ctx.Done():
	}
	if g.withdraw(t) {
		return fmt.Errorf("batch: waiting for a turn: %w", ctx.Err())
	}
	return <-t.done
}

// Waiting returns the number of jobs that have not started.
func (g *Group[J]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}

// Close runs the jobs that wait, then stops the goroutine and returns. Closing
// again waits for the same.
func (g *Group[J]) Close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.arrived.Signal()
	<-g.finished
}

func (g *Group[J]) enter(t *ticket[J]) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrClosed
	}
	g.waiting = append(g.waiting, t)
	if len(g.waiting) == 1 {
		g.arrived.Signal()
	}
	return nil
}

// withdraw takes a ticket that has not started out of the queue.
func (g *Group[J]) withdraw(t *ticket[J]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, t)
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	return true
}

func (g *Group[J]) loop() {
	var b taken[J]
	// The goroutine may end inside run, too, by runtime.Goexit. Nobody may wait for
	// ever then.
	defer g.finish(&b)
	for g.take(&b) {
		b.answer(g.call(b.jobs))
		// Whoever was just answered may have its next job ready: let it enter before
		// the next batch is taken. This yields the processor, it does not wait.
		runtime.Gosched()
	}
}

// taken is the batch that runs. Its memory is used again for the next.
type taken[J any] struct {
	tickets []*ticket[J]
	jobs    []J
}

func (b *taken[J]) answer(err error) {
	for _, t := range b.tickets {
		t.done <- err
	}
	clear(b.tickets)
	clear(b.jobs)
	b.tickets, b.jobs = b.tickets[:0], b.jobs[:0]
}

// finish answers whoever was not answered; after Close there is nobody.
func (g *Group[J]) finish(b *taken[J]) {
	b.answer(errGone)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for _, t := range g.waiting {
		t.done <- ErrClosed
	}
	g.waiting = nil
	close(g.finished)
}

// take waits for jobs and starts them. It reports false after Close, when none are left.
func (g *Group[J]) take(b *taken[J]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.waiting) == 0 && !g.closed {
		g.arrived.Wait()
	}
	n := min(len(g.waiting), g.limit)
	for _, t := range g.waiting[:n] {
		b.tickets, b.jobs = append(b.tickets, t), append(b.jobs, t.job)
	}
	g.waiting = slices.Delete(g.waiting, 0, n)
	return n > 0
}

func (g *Group[J]) call(jobs []J) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("batch: the call panicked: %v\n%s", p, debug.Stack())
		}
	}()
	g.run(jobs)
	return nil
}
