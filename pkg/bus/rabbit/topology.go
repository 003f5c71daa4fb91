package rabbit

import (
	"errors"
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus"
)

// Names on the broker. A queue's arguments can never change, so its name
// carries the version of the topology; another one gets new queues.
const (
	Exchange = "gamestore.events"
	Unrouted = "gamestore.unrouted"

	deadExchange = "gamestore.dead"
	version      = ".v1"

	// deliveryLimit is a backstop against a message that kills its consumer. A
	// consumer's disconnect counts as well, so it is far above the retry ladder.
	deliveryLimit = 20
	// keepForever is the limit of queues that operators look into again and again:
	// newer brokers drop what was returned 20 times unless told otherwise.
	keepForever = 1 << 30
)

// QueueName is the broker's name of a queue.
func QueueName(queue string) string { return queue + version }

// DeadQueue is the broker's name of the dead letters of the service that a queue belongs to.
func DeadQueue(queue string) string {
	service, _, _ := strings.Cut(queue, ".")
	return service + ".dead" + version
}

// RetryQueue is the broker's name of one step of a queue's retry ladder.
func RetryQueue(queue string, delay time.Duration) string {
	step := fmt.Sprintf("%dms", delay.Milliseconds())
	switch {
	case delay%time.Minute == 0:
		step = fmt.Sprintf("%dm", delay/time.Minute)
	case delay%time.Second == 0:
		step = fmt.Sprintf("%ds", delay/time.Second)
	}
	return queue + ".retry." + step + version
}

// declareExchanges makes what every publisher needs.
func declareExchanges(ch *amqp.Channel) error {
	return errors.Join(
		ch.ExchangeDeclare(Unrouted, amqp.ExchangeFanout, true, false, false, false, nil),
		declareQueue(ch, Unrouted, amqp.Table{"x-delivery-limit": keepForever}),
		ch.QueueBind(Unrouted, "", Unrouted, false, nil),
		ch.ExchangeDeclare(Exchange, amqp.ExchangeTopic, true, false, false, false, amqp.Table{"alternate-exchange": Unrouted}),
	)
}

// declare makes one queue with its dead letters first: a queue whose dead-letter
// target is missing hides the message and tries again only after minutes.
func declare(ch *amqp.Channel, q bus.Queue, ladder []time.Duration) error {
	name, dead := QueueName(q.Name), DeadQueue(q.Name)
	if err := errors.Join(
		declareDead(ch, dead),
		declareQueue(ch, name, safely(amqp.Table{
			"x-dead-letter-exchange":    deadExchange,
			"x-dead-letter-routing-key": dead,
			"x-delivery-limit":          deliveryLimit,
		})),
	); err != nil {
		return fmt.Errorf("declare queue %s: %w", name, err)
	}
	for _, delay := range ladder {
		if err := declareQueue(ch, RetryQueue(q.Name, delay), safely(amqp.Table{
			"x-dead-letter-exchange":    "",
			"x-dead-letter-routing-key": name,
			"x-message-ttl":             delay.Milliseconds(),
		})); err != nil {
			return fmt.Errorf("declare the retry ladder of %s: %w", name, err)
		}
	}
	for _, key := range q.Keys {
		if err := ch.QueueBind(name, key, Exchange, false, nil); err != nil {
			return fmt.Errorf("bind queue %s to %s: %w", name, key, err)
		}
	}
	return nil
}

// declareDead makes the queue of a service's dead letters.
func declareDead(ch *amqp.Channel, dead string) error {
	return errors.Join(
		ch.ExchangeDeclare(deadExchange, amqp.ExchangeDirect, true, false, false, false, nil),
		declareQueue(ch, dead, amqp.Table{"x-delivery-limit": keepForever}),
		ch.QueueBind(dead, dead, deadExchange, false, nil),
	)
}

// safely adds what makes dead-lettering lossless. Without reject-publish the
// strategy silently becomes at-most-once.
func safely(args amqp.Table) amqp.Table {
	args["x-dead-letter-strategy"] = "at-least-once"
	args["x-overflow"] = "reject-publish"
	return args
}

func declareQueue(ch *amqp.Channel, name string, args amqp.Table) error {
	args["x-queue-type"] = "quorum"
	_, err := ch.QueueDeclare(name, true, false, false, false, args)
	return err
}
