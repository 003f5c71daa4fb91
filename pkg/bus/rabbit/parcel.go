package rabbit

import (
	"context"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/delivery"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/fault"
)

// aloneAfter is how many deliveries a pack may get before its events are sent on one by
// one: if one of them kills its consumer, the others are not to share its end.
const aloneAfter = deliveryLimit / 4

// parcel is a delivery: a message, or a pack of events that are handled each on its own.
// It is acknowledged once, when all of them are settled.
type parcel struct {
	delivery amqp.Delivery

	// The worker that has the parcel opens it, takes the next event and passes it on.
	opened bool
	msgs   []bus.Message
	fault  error // why it cannot be opened
	next   int

	unsettled atomic.Int32
	// held says that an event stays unsettled, so that all come again.
	held atomic.Bool
}

func (p *parcel) open() {
	if p.opened {
		return
	}
	p.opened = true
	p.msgs, p.fault = unpack(p.delivery)
	p.unsettled.Store(int32(len(p.msgs))) //nolint:gosec // at most event.MaxBatch
}

// suspect reports whether a pack was delivered so often that it may be what ends its consumers.
func (p *parcel) suspect() bool {
	deaths, _ := p.delivery.Headers["x-delivery-count"].(int64)
	return len(p.msgs) > 1 && deaths >= aloneAfter
}

// work handles events until ctx ends and the packs that were begun are done: a pack that
// is left in the middle comes again as a whole.
func (sh *shift) work(ctx context.Context) {
	for {
		p := sh.pick(ctx)
		if p == nil {
			return
		}
		p.open()
		m := p.msgs[p.next]
		if p.next++; p.next < len(p.msgs) && (ctx.Err() == nil || !p.held.Load()) {
			sh.begun <- p // never blocks: it holds as many as arrived
		}
		sh.take(ctx, p, m)
	}
}

// pick waits for a parcel: one that was begun before any other.
func (sh *shift) pick(ctx context.Context) *parcel {
	select {
	case p := <-sh.begun:
		return p
	default:
	}
	select {
	case p := <-sh.begun:
		return p
	case p, ok := <-sh.arrived:
		if !ok || ctx.Err() != nil {
			return sh.left()
		}
		return p
	case <-ctx.Done():
		return sh.left()
	}
}

// left is a parcel that was begun, if there is one. One that another worker has in its
// hands is that worker's to finish.
func (sh *shift) left() *parcel {
	select {
	case p := <-sh.begun:
		return p
	default:
		return nil
	}
}

// take handles one event and settles it, once. What cannot be settled now comes again.
func (sh *shift) take(ctx context.Context, p *parcel, m bus.Message) {
	if !sh.settle(ctx, p, m) {
		p.held.Store(true)
		return
	}
	if p.unsettled.Add(-1) == 0 {
		fault.Point("bus.before-ack")
		sh.acks.add(p.delivery.DeliveryTag)
	}
}

// settle reports whether the delivery need not come again for this event.
func (sh *shift) settle(ctx context.Context, p *parcel, m bus.Message) bool {
	if p.suspect() {
		return sh.hand(ctx, alone(sh.queue.Name, m))
	}
	var v delivery.Verdict
	if p.fault != nil {
		v = sh.worker.Refuse(ctx, m, p.fault)
	} else {
		v = sh.worker.Deliver(ctx, sh.handlers, m)
	}
	switch v.Settle {
	case errs.Retry:
		return sh.hand(ctx, delayed(sh.queue.Name, m, sh.bus.cfg.Ladder[m.Attempt-1]))
	case errs.Dead:
		return sh.hand(ctx, dead(sh.queue.Name, m, v.Reason, time.Now()))
	case errs.Hold:
		return false
	case errs.Ack:
	}
	return true
}

// hand publishes a letter until the broker has it. It gives up when the shift ends:
// then the delivery comes again.
func (sh *shift) hand(ctx context.Context, l letter) bool {
	for failures := 0; ; failures++ {
		err := sh.bus.publisher.publish(sh.handlers, []letter{l})[0]
		if err == nil {
			return true
		}
		sh.bus.cfg.Logger.WarnContext(ctx, "a delivery could not be handed on", "queue", sh.queue.Name, "message_id", l.MessageId, "error", err.Error())
		if ctx.Err() != nil {
			return false
		}
		rest(ctx, failures)
	}
}
