package rabbit

import (
	"context"
	"errors"
	"fmt"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/delivery"
)

const (
	consumerTag = "gamestore"
	// perWorker is how many deliveries wait in this process for each worker.
	perWorker = 4
)

// consumer is one call of Consume. It outlives sessions.
type consumer struct {
	bus    *Bus
	queue  bus.Queue
	worker *delivery.Worker
	// handlers is the context of the handlers, cut when the drain is over.
	handlers context.Context
}

// shift is a consumer during one session. Its deliveries can be settled in that
// session alone; whatever is left when it ends comes again in the next.
type shift struct {
	*consumer
	ch *amqp.Channel
	// arrived has deliveries that nobody looked into yet, begun those with events left.
	arrived, begun chan *parcel
	// cancelled is how the broker says that the queue is gone.
	cancelled <-chan string
	acks      *acks
}

func (c *consumer) serve(ctx context.Context, s *session) error {
	ch, err := s.channel()
	if err != nil {
		return err
	}
	closed, cancelled := ch.NotifyClose(make(chan *amqp.Error, 1)), ch.NotifyCancel(make(chan string, 1))
	var deliveries <-chan amqp.Delivery
	prefetch := perWorker * c.queue.Workers()
	err = s.guarded(func() error {
		if err := errors.Join(declareExchanges(ch), declare(ch, c.queue, c.bus.cfg.Ladder)); err != nil {
			return err
		}
		if err := ch.Qos(prefetch, 0, false); err != nil {
			return err
		}
		deliveries, err = ch.Consume(QueueName(c.queue.Name), consumerTag, false, false, false, false, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("consume %s: %w", c.queue.Name, err)
	}
	sh := &shift{
		consumer: c, ch: ch, cancelled: cancelled, acks: newAcks(ch, prefetch),
		arrived: make(chan *parcel, prefetch), begun: make(chan *parcel, prefetch),
	}
	return sh.run(ctx, s, deliveries, closed)
}

// run works until ctx or the session ends, then lets the handlers in flight finish.
func (sh *shift) run(ctx context.Context, s *session, deliveries <-chan amqp.Delivery, closed <-chan *amqp.Error) error {
	working, rest := context.WithCancel(ctx)
	defer rest()
	var workers, helpers sync.WaitGroup
	helpers.Go(func() { sh.receive(deliveries) })
	helpers.Go(sh.acks.run)
	for range sh.queue.Workers() {
		workers.Go(func() { sh.work(working) })
	}
	var err error
	select {
	case e := <-closed:
		err = closeError(e)
	case <-sh.cancelled: // also when the channel closes
		err = endOf(closed)
	case e := <-s.closed:
		err = closeError(e)
	case <-ctx.Done():
		_ = s.guarded(func() error { return sh.ch.Cancel(consumerTag, false) })
	}
	rest()
	workers.Wait()
	sh.acks.stop()
	_ = s.guarded(sh.ch.Close) // ends deliveries; what was not acknowledged goes back to the queue
	s.cut()
	helpers.Wait()
	return err
}

// receive moves deliveries into a buffer of our own: the library's channel has
// none, and its reader would wait for the slowest worker.
func (sh *shift) receive(deliveries <-chan amqp.Delivery) {
	defer close(sh.arrived)
	for d := range deliveries {
		sh.arrived <- &parcel{delivery: d} // never blocks: it holds as many as the broker sends without an ack
	}
}
