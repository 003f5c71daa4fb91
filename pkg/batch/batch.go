// Package batch runs jobs that wait at the same time together.
//
// One goroutine takes whatever jobs wait, at most a given number, and hands them to
// one call of a function: a commit, an index update. It never lingers to
// collect more: under load the jobs that arrive during one call form the next
// batch, and without load a job starts at once.
package batch

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"gamestore.example/pkg/errs"
)

// ErrClosed is what Do returns after Close.
var ErrClosed = errs.New(errs.Unavailable, "shutting-down", "the server is shutting down")

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
	defer close(g.finished)
	var tickets []*ticket[J]
	var jobs []J
	for {
		tickets = g.take(tickets[:0])
		if len(tickets) == 0 {
			return
		}
		for _, t := range tickets {
			jobs = append(jobs, t.job)
		}
		err := g.call(jobs)
		for _, t := range tickets {
			t.done <- err
		}
		clear(tickets)
		clear(jobs)
		jobs = jobs[:0]
		// Whoever was just answered may have its next job ready: let it enter
		// before the next batch is taken. This yields the processor, it does not wait.
		runtime.Gosched()
	}
}

// take waits for jobs and starts them. It returns none after Close.
func (g *Group[J]) take(into []*ticket[J]) []*ticket[J] {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.waiting) == 0 && !g.closed {
		g.arrived.Wait()
	}
	n := min(len(g.waiting), g.limit)
	into = append(into, g.waiting[:n]...)
	g.waiting = slices.Delete(g.waiting, 0, n)
	return into
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
