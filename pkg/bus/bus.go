// Package bus is the port between the services and a message broker: a topic
// exchange with durable queues, a retry ladder and dead letters.
//
// What every adapter promises is what bustest checks: a confirmed message survives
// and is delivered at least once to every queue bound to its key; nothing is
// dropped silently; no ordering is promised.
package bus

import (
	"context"
	"time"

	"gamestore.example/pkg/errs"
)

// Message is what travels. Adapters carry all of it unchanged.
type Message struct {
	// ID is the event's id; a message published twice has the same one twice.
	ID string
	// Key is the routing key: words joined by dots, such as "game.purchased".
	Key string
	// ContentType is the media type of Body.
	ContentType string
	// Headers carry trace context and the like. They never carry secrets.
	Headers map[string]string
	// Body is the encoded event.
	Body []byte
	// Attempt counts deliveries to one queue, from 1. Only deliveries have it.
	Attempt int
}

// Publisher hands messages to the broker.
type Publisher interface {
	// Publish sends all messages and returns one error for each, in order: nil
	// means the broker has it durably in every queue that is bound to its key.
	// An error of class Invalid (see Check) means never: no broker takes this message.
	// Anything else means unknown: publish it again with the same id. It returns
	// when all are answered or ctx ends.
	Publish(ctx context.Context, msgs ...Message) []error
}

// Queue names a consumer's queue and the keys that fill it.
type Queue struct {
	// Name is "<consumer>.<what>", such as "payments.purchases".
	Name string
	// Keys are topic patterns: "*" is one word, "#" is any number of words.
	Keys []string
	// Concurrency is how many deliveries are handled at once; 0 means 64.
	Concurrency int
}

// DefaultConcurrency is how many deliveries a queue handles at once when it
// names no number. It is large because handlers wait for group commits.
const DefaultConcurrency = 64

// Workers returns the queue's concurrency.
func (q Queue) Workers() int {
	if q.Concurrency > 0 {
		return q.Concurrency
	}
	return DefaultConcurrency
}

// Handler takes one delivery. Its error's class decides what becomes of it: see
// errs.Settle. A panic counts as an Internal error. Handlers must be
// idempotent by Message.ID.
type Handler func(ctx context.Context, m Message) error

// Subscriber consumes queues.
type Subscriber interface {
	// Declare makes the queues and their bindings. It is idempotent, and comes
	// before anything is published that must reach them.
	Declare(ctx context.Context, queues ...Queue) error
	// Consume handles deliveries of a declared queue until ctx ends, then waits
	// for the handlers in flight to settle. Adapters reconnect by themselves.
	Consume(ctx context.Context, q Queue, h Handler) error
}

// Bus is both sides.
type Bus interface {
	Publisher
	Subscriber
}

// DeadLetter is a message that a queue's handler could not take.
type DeadLetter struct {
	// Message is what was delivered last.
	Message Message
	// Queue is where it came from and where Replay puts it.
	Queue string
	// Reason is the code of the last error: a stable word, never its text.
	Reason errs.Code
	// At is when it was given up.
	At time.Time
}

// DeadLetters is the operator's view of what was given up.
type DeadLetters interface {
	// List returns at most limit dead letters, oldest first.
	List(ctx context.Context, limit int) ([]DeadLetter, error)
	// Replay puts one back into its queue with its attempts at zero.
	// ErrNoDeadLetter if there is none with this id in this queue.
	Replay(ctx context.Context, queue, messageID string) error
	// Drop deletes one for good. ErrNoDeadLetter as in Replay.
	Drop(ctx context.Context, queue, messageID string) error
}

// ReasonDeliveryLimit is the Reason of a message that was given up because its consumers
// ended with it again and again, without ever saying what is wrong.
const ReasonDeliveryLimit errs.Code = "delivery-limit"

// ErrNoDeadLetter says that no such dead letter exists.
var ErrNoDeadLetter = errs.New(errs.NotFound, "no-dead-letter", "no such dead letter")

// ErrQueueFull says that a queue takes no more; the publisher keeps the message.
var ErrQueueFull = errs.New(errs.Unavailable, "queue-full", "a queue is full")

// RetryLadder is the default delays before the 2nd, 3rd, … delivery of a message
// whose handler failed. After the last it is a dead letter.
func RetryLadder() []time.Duration {
	return []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}
}

// Subscription is a queue with what handles it.
type Subscription struct {
	Queue   Queue
	Handler Handler
}
