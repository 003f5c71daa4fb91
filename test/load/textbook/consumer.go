package textbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// prefetch is how many messages the broker sends ahead: enough that the consumer never
// waits for the network.
const prefetch = 20

// handler stores the effect of an event, once however often it comes.
type handler func(ctx context.Context, e event) error

// consumer handles a queue, one message after the other.
type consumer struct {
	deliveries <-chan amqp.Delivery
	handle     handler
}

func newConsumer(ch *amqp.Channel, service, key string, handle handler) (*consumer, error) {
	queue := "textbook." + service
	_, err := ch.QueueDeclare(queue, true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(ch.QueueBind(queue, key, exchange, false, nil), ch.Qos(prefetch, 0, false)); err != nil {
		return nil, err
	}
	deliveries, err := ch.Consume(queue, "", false, false, false, false, nil)
	return &consumer{deliveries: deliveries, handle: handle}, err
}

func (c *consumer) run(ctx context.Context) error {
	for d := range c.deliveries {
		var e event
		if err := json.Unmarshal(d.Body, &e); err != nil {
			return fmt.Errorf("consumer: %w", err)
		}
		err := c.handle(ctx, e)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // not acknowledged: it comes again
		}
		if err != nil {
			return fmt.Errorf("consumer: %w", err)
		}
		if err := d.Ack(false); err != nil {
			return fmt.Errorf("consumer: %w", err)
		}
	}
	return nil
}
