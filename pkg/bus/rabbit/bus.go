package rabbit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/delivery"
)

// Bus is a RabbitMQ. It is safe for concurrent use.
type Bus struct {
	cfg       Config
	publisher *publisher
	metrics   *delivery.Metrics
	life      context.Context // until Close
	end       context.CancelFunc
	running   sync.WaitGroup

	mu       sync.Mutex
	declared map[string]bool
}

var _ bus.Bus = (*Bus)(nil)

// New returns a bus whose publishing session is kept in the background until
// Close. It does not wait for the broker: what comes before it is there fails as
// Unavailable and stays in its outbox.
func New(cfg Config) (*Bus, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	b := &Bus{
		cfg: cfg, publisher: newPublisher(cfg), metrics: delivery.NewMetrics(cfg.Registry, cfg.Logger), declared: map[string]bool{},
	}
	b.life, b.end = context.WithCancel(context.Background())
	b.running.Go(func() { b.publisher.run(b.life) })
	return b, nil
}

// Close ends the publishing session, and every Consume that still runs as the end of its
// context would. It does not wait for those.
func (b *Bus) Close() error {
	b.end()
	b.running.Wait()
	return nil
}

// Publish sends messages to the topic exchange, pipelined and, if so configured, packed,
// and waits for the confirms. It is Unavailable for all of them while there is no session.
func (b *Bus) Publish(ctx context.Context, msgs ...bus.Message) []error {
	results := make([]error, len(msgs))
	for i, m := range msgs {
		results[i] = bus.Check(m)
	}
	letters, members := pack(msgs, b.cfg.Pack, results)
	for i, err := range b.publisher.publish(ctx, letters) {
		for _, of := range members[i] {
			results[of] = err
		}
	}
	return results
}

// Declare makes queues, their retry ladders and their dead-letter queues. While the
// broker cannot be reached it is Unavailable; Consume declares again in each session.
func (b *Bus) Declare(ctx context.Context, queues ...bus.Queue) error {
	s, err := dial(ctx, b.cfg, "declare")
	if err != nil {
		return errNoBroker.WithCause(err)
	}
	defer s.end()
	ch, err := s.channel()
	if err != nil {
		return errNoBroker.WithCause(err)
	}
	return declareError(s.guarded(func() error {
		if err := declareExchanges(ch); err != nil {
			return err
		}
		for _, q := range queues {
			if err := declare(ch, q, b.cfg.Ladder); err != nil {
				return err
			}
			b.note(q.Name)
		}
		return nil
	}))
}

// declareError tells what no other try mends, such as a queue of this name with other
// arguments, from what is wrong with the broker now, which is Unavailable.
func declareError(err error) error {
	var refused *amqp.Error
	if err == nil {
		return nil
	}
	if errors.As(err, &refused) {
		switch refused.Code {
		case amqp.PreconditionFailed, amqp.AccessRefused, amqp.NotFound, amqp.NotAllowed, amqp.NotImplemented, amqp.InvalidPath:
			return err
		}
	}
	return errNoBroker.WithCause(err)
}

func (b *Bus) note(queue string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.declared[queue] = true
}

func (b *Bus) knows(queue string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.declared[queue]
}

// Consume handles the queue's messages until ctx ends, in one session after
// another. Handlers in flight then have the drain bound to finish.
func (b *Bus) Consume(ctx context.Context, q bus.Queue, h bus.Handler) error {
	if !b.knows(q.Name) {
		return fmt.Errorf("bus: queue %q is not declared", q.Name)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(b.life, cancel)()
	handlers, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(b.cfg.Drain, cut) })()
	c := &consumer{bus: b, queue: q, handlers: handlers,
		worker: delivery.NewWorker(q.Name, h, len(b.cfg.Ladder), b.metrics, b.cfg.Logger)}
	supervise(ctx, b.cfg, "consume "+q.Name, c.serve)
	return nil
}
