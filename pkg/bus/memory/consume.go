package memory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/delivery"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/fault"
)

// consumer is one call of Consume.
type consumer struct {
	bus    *Bus
	queue  *queue
	worker *delivery.Worker
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
	c := &consumer{bus: b, queue: declared,
		worker: delivery.NewWorker(q.Name, h, len(b.ladder), b.metrics.deliveries, b.logger)}
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
		if e.Suspect {
			c.begin(handlerCtx, e)
		}
		v := c.worker.Deliver(ctx, handlerCtx, e.Message)
		if v.Settle == errs.Hold {
			c.queue.push(e)
			continue
		}
		c.settle(ctx, e, v)
	}
}

// begin has the delivery counted. If the journal cannot, it is made nevertheless: a
// crash that is not counted costs one more.
func (c *consumer) begin(ctx context.Context, e *Entry) {
	if err := c.bus.journal.Begin(ctx, e.ID); err != nil {
		c.bus.logger.WarnContext(ctx, "a delivery is not counted", "queue", e.Queue, "message_id", e.Message.ID, "error", err.Error())
	}
}

// settle does what the verdict says. ctx is Consume's, not the delivery's: one write
// settles deliveries of many traces.
func (c *consumer) settle(ctx context.Context, e *Entry, v delivery.Verdict) {
	switch v.Settle {
	case errs.Retry:
		next := *e
		next.Suspect = false // the process outlived it
		next.Due = time.Now().Add(c.bus.ladder[e.Message.Attempt-1])
		next.Message.Attempt++
		c.queue.settler.add(ctx, Settlement{Entry: next, Outcome: errs.Retry})
		c.queue.delay(&next)
	case errs.Dead:
		c.queue.release()
		c.queue.settler.add(ctx, Settlement{Entry: *e, Outcome: errs.Dead, Reason: v.Reason, At: time.Now()})
	case errs.Ack, errs.Hold: // a held one does not get here
		fault.Point("bus.before-ack")
		c.queue.release()
		c.queue.settler.add(ctx, Settlement{Entry: Entry{ID: e.ID, Queue: e.Queue}, Outcome: errs.Ack})
	}
}
