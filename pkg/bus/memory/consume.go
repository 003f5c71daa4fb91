package memory

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/fault"
	"gamestore.example/pkg/observe"
)

// The pause before a held delivery is tried again: doubled from the first to the
// last, and spread so that workers do not come back all at once.
const (
	firstHold = 100 * time.Millisecond
	lastHold  = 5 * time.Second
)

// consumer is one call of Consume.
type consumer struct {
	bus    *Bus
	queue  *queue
	handle bus.Handler
}

// Consume handles the queue's messages with q.Workers() workers until ctx ends. The
// handlers in flight then have the drain bound to finish before their own
// context ends; what they do not finish stays in the queue, and in the journal.
// The queue must be declared.
func (b *Bus) Consume(ctx context.Context, q bus.Queue, h bus.Handler) error {
	declared := b.queue(q.Name)
	if declared == nil {
		return fmt.Errorf("bus: queue %q is not declared", q.Name)
	}
	c := &consumer{bus: b, queue: declared, handle: h}
	handlerCtx, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	declared.attach()
	defer context.AfterFunc(ctx, declared.interrupt)()
	var workers sync.WaitGroup
	for range q.Workers() {
		workers.Go(func() { c.work(ctx, handlerCtx) })
	}
	<-ctx.Done()
	bound, done := context.WithTimeout(context.WithoutCancel(ctx), b.drain)
	defer done()
	defer context.AfterFunc(bound, cut)()
	workers.Wait()
	if declared.detach() { // else those who still consume see to it
		declared.settler.flush(bound)
		declared.settler.stop()
	}
	return nil
}

func (c *consumer) work(ctx, handlerCtx context.Context) {
	for {
		e := c.queue.take(ctx)
		if e == nil {
			return
		}
		c.deliver(ctx, observe.Extract(handlerCtx, e.Message.Headers), e)
	}
}

// deliver hands one entry to the handler until it is settled or ctx ends.
func (c *consumer) deliver(ctx, handlerCtx context.Context, e *Entry) {
	for held := 0; ; held++ {
		err := c.call(handlerCtx, clone(e.Message))
		outcome := c.outcome(e, err)
		if err != nil && handlerCtx.Err() != nil {
			outcome = errs.Hold // cut off by the shutdown: not the message's fault
		}
		c.queue.metrics.consumed(outcome)
		if err != nil {
			report(handlerCtx, c.bus.logger, e, outcome, err, held)
		}
		if outcome != errs.Hold {
			c.settle(ctx, e, outcome, errs.CodeOf(err))
			return
		}
		if !pause(ctx, held) {
			c.queue.push(e)
			return
		}
	}
}

// call runs the handler once and turns a panic into an error.
func (c *consumer) call(ctx context.Context, m bus.Message) (err error) {
	started := time.Now()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in the handler: %v\n%s", r, debug.Stack())
		}
		c.queue.metrics.handled(time.Since(started), errs.CodeOf(err))
	}()
	fault.Point("bus.before-handler")
	return c.handle(ctx, m)
}

// outcome is what the error asks for, unless the ladder has no step left.
func (c *consumer) outcome(e *Entry, err error) errs.Settle {
	s := errs.SettleOf(err)
	if s == errs.Retry && e.Message.Attempt > len(c.bus.ladder) {
		return errs.Dead
	}
	return s
}

// settle does what outcome says. ctx is Consume's, not the delivery's: one write
// settles deliveries of many traces.
func (c *consumer) settle(ctx context.Context, e *Entry, outcome errs.Settle, code errs.Code) {
	switch outcome {
	case errs.Retry:
		next := *e
		next.Due = time.Now().Add(c.bus.ladder[e.Message.Attempt-1])
		next.Message.Attempt++
		c.queue.settler.add(ctx, Settlement{Entry: next, Outcome: errs.Retry})
		c.queue.delay(&next)
	case errs.Dead:
		c.queue.metrics.died(code)
		c.queue.release()
		c.queue.settler.add(ctx, Settlement{Entry: *e, Outcome: errs.Dead, Reason: code, At: time.Now()})
	case errs.Ack, errs.Hold: // a held one does not get here
		fault.Point("bus.before-ack")
		c.queue.release()
		c.queue.settler.add(ctx, Settlement{Entry: Entry{ID: e.ID, Queue: e.Queue}, Outcome: errs.Ack})
	}
}

// report logs a failed delivery: its code, and only for an Internal error, which
// somebody must look into, the error's text.
func report(ctx context.Context, logger *slog.Logger, e *Entry, outcome errs.Settle, err error, held int) {
	log := logger.With("queue", e.Queue, "message_id", e.Message.ID, "key", e.Message.Key)
	code := slog.String("code", string(errs.CodeOf(err)))
	if errs.ClassOf(err) == errs.Internal {
		log.ErrorContext(ctx, "handler failed", code, "attempt", e.Message.Attempt, "error", err.Error())
	}
	switch {
	case outcome == errs.Dead:
		log.WarnContext(ctx, "dead letter", code)
	case outcome == errs.Retry:
		log.InfoContext(ctx, "delivery will be tried again", code, "attempt", e.Message.Attempt)
	case held == 0:
		log.WarnContext(ctx, "delivery held", code)
	}
}

// pause waits before the next try of a held delivery. It returns false when ctx
// has ended.
func pause(ctx context.Context, held int) bool {
	d := lastHold
	if held < 6 {
		d = min(firstHold<<held, lastHold)
	}
	t := time.NewTimer(d - rand.N(d/4)) //nolint:gosec // no secret: it only spreads retries
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
