package rabbit

import (
	"context"
	"slices"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus"
)

// DeadLetters is the operator's view of the dead-letter queues of some services.
// Each call has a session of its own and looks at messages without taking them:
// what it does not replay or drop goes back in its old order.
type DeadLetters struct {
	cfg      Config
	services []string
}

var _ bus.DeadLetters = (*DeadLetters)(nil)

// NewDeadLetters returns the dead letters of services, such as "payments".
func NewDeadLetters(cfg Config, services ...string) (*DeadLetters, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &DeadLetters{cfg: cfg, services: services}, nil
}

// List returns at most limit dead letters, oldest first.
func (d *DeadLetters) List(ctx context.Context, limit int) ([]bus.DeadLetter, error) {
	var letters []bus.DeadLetter
	for _, service := range d.services {
		found := 0
		err := d.each(ctx, DeadQueue(service), func(_ *amqp.Channel, got amqp.Delivery) (bool, error) {
			letters = append(letters, deadLetter(got))
			found++
			return found < limit, nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(letters, func(a, b bus.DeadLetter) int { return a.At.Compare(b.At) })
	return letters[:min(limit, len(letters))], nil
}

// Replay publishes a dead letter to its queue, waits for the confirm and removes it.
// A crash between the two leaves a duplicate.
func (d *DeadLetters) Replay(ctx context.Context, queue, messageID string) error {
	return d.remove(ctx, queue, messageID, func(ch *amqp.Channel, l bus.DeadLetter) error {
		if err := ch.Confirm(false); err != nil {
			return err
		}
		out := eventLetter(l.Message)
		out.Headers[headerKey] = l.Message.Key
		returns := ch.NotifyReturn(make(chan amqp.Return, 1))
		c, err := ch.PublishWithDeferredConfirm("", QueueName(queue), true, false, out.Publishing)
		if err != nil {
			return err
		}
		acked, err := c.WaitContext(ctx)
		switch {
		case err != nil:
			return err
		case len(returns) > 0:
			return errReturned
		case !acked:
			return errNotConfirmed
		}
		return nil
	})
}

// Drop deletes a dead letter for good.
func (d *DeadLetters) Drop(ctx context.Context, queue, messageID string) error {
	return d.remove(ctx, queue, messageID, func(*amqp.Channel, bus.DeadLetter) error { return nil })
}

// remove acknowledges one dead letter after first succeeded.
func (d *DeadLetters) remove(ctx context.Context, queue, id string, first func(*amqp.Channel, bus.DeadLetter) error) error {
	removed := false
	err := d.each(ctx, DeadQueue(queue), func(ch *amqp.Channel, got amqp.Delivery) (bool, error) {
		l := deadLetter(got)
		if l.Queue != queue || l.Message.ID != id {
			return true, nil
		}
		if err := first(ch, l); err != nil {
			return false, err
		}
		removed = true
		return false, got.Ack(false)
	})
	if err == nil && !removed {
		return bus.ErrNoDeadLetter
	}
	return err
}

// each shows every message of a queue until see returns false. The end of the
// session gives all of them back but for the acknowledged one.
func (d *DeadLetters) each(ctx context.Context, queue string, see func(*amqp.Channel, amqp.Delivery) (bool, error)) error {
	s, err := dial(ctx, d.cfg, "dead letters")
	if err != nil {
		return errNoBroker.WithCause(err)
	}
	defer s.end()
	defer context.AfterFunc(ctx, s.cut)()
	ch, err := s.channel()
	if err != nil {
		return errNoBroker.WithCause(err)
	}
	if err := s.guarded(func() error { return declareDead(ch, queue) }); err != nil {
		return err
	}
	for {
		got, ok, err := ch.Get(queue, false)
		if err != nil || !ok {
			return err
		}
		more, err := see(ch, got)
		if err != nil || !more {
			return err
		}
	}
}
