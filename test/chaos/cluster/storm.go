package cluster

import (
	"context"
	"errors"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/test/chaos/crowd"
)

const (
	// copyHeader marks copies, which are not copied again.
	copyHeader = "chaos-copy"
	// handful is how many events are shuffled together.
	handful = 40
	// handTime is how long a handful is waited for.
	handTime = 200 * time.Millisecond
)

// storm copies every event of the store two to five times, in another order, with the
// same ids.
func storm(ctx context.Context, l *lane, f Fault) error {
	limited, cancel := context.WithTimeout(ctx, f.For)
	defer cancel()
	err := l.Broker.session(ctx, func(ch *amqp.Channel) error {
		q, err := ch.QueueDeclare("", false, true, true, false, nil)
		if err != nil {
			return err
		}
		if err := errors.Join(ch.QueueBind(q.Name, "#", rabbit.Exchange, false, nil), ch.Confirm(false)); err != nil {
			return err
		}
		events, err := ch.Consume(q.Name, "", true, true, false, false, nil)
		if err != nil {
			return err
		}
		return copyAll(limited, ch, events, f.Seed)
	})
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

func copyAll(ctx context.Context, ch *amqp.Channel, events <-chan amqp.Delivery, seed uint64) error {
	dice := crowd.Dice(seed, 0)
	var copies []amqp.Delivery
	tick := time.NewTicker(handTime)
	defer tick.Stop()
	for {
		select {
		case d, ok := <-events:
			if !ok {
				return errors.New("the tap was closed")
			}
			if _, copied := d.Headers[copyHeader]; copied {
				continue
			}
			for range 2 + dice.IntN(4) {
				copies = append(copies, d)
			}
			if len(copies) < handful {
				continue
			}
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		dice.Shuffle(len(copies), func(a, b int) { copies[a], copies[b] = copies[b], copies[a] })
		if err := sendCopies(ctx, ch, copies); err != nil {
			return err
		}
		copies = nil
	}
}

func sendCopies(ctx context.Context, ch *amqp.Channel, copies []amqp.Delivery) error {
	for _, d := range copies {
		headers := amqp.Table{copyHeader: "yes"}
		for k, v := range d.Headers {
			headers[k] = v
		}
		if err := ch.PublishWithContext(ctx, rabbit.Exchange, d.RoutingKey, false, false, amqp.Publishing{
			MessageId: d.MessageId, ContentType: d.ContentType, DeliveryMode: amqp.Persistent, Headers: headers, Body: d.Body,
		}); err != nil {
			return err
		}
	}
	return nil
}
