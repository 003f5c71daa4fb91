// Package lambdaapi hands the deliveries of AWS Lambda's RabbitMQ event source to what
// handles a queue in a process as well.
//
// Lambda takes messages from the queue in batches and invokes the function with each. When
// the invocation fails, the whole batch comes again; when it succeeds, the whole batch is
// acknowledged. So every message of a batch is handled whatever becomes of the others; what no
// retry can mend goes to the dead letters here; and the invocation fails only
// if something has to come again. What was done is remembered for as long as the function's
// process lives, so that most of the batch is not done twice. That saves work and is no
// promise: a delivery may be handled more than once.
package lambdaapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/events"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/errgroup"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/delivery"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
)

const (
	// remembered is how many messages the function's process remembers as done.
	remembered = 10_000
	// patience is after how many deliveries a message is given up that asks for another
	// each time. It is less than the broker's own limit, 20, which knows no reason.
	patience = 15
)

// Bury puts a message among the dead letters of a queue. Nil means that it is there durably.
type Bury func(ctx context.Context, queue string, m bus.Message, reason errs.Code) error

// Function handles invocations. It is safe for concurrent use.
type Function struct {
	source string
	queue  bus.Queue
	worker *delivery.Worker
	bury   Bury
	done   *lru.Cache[[sha256.Size]byte, struct{}]
	logger *slog.Logger
}

// NewFunction returns the function of a subscription with one routing key, for events do
// not tell it. source is the broker's name of the queue: deliveries of another one fail.
func NewFunction(source string, s bus.Subscription, bury Bury, logger *slog.Logger) (*Function, error) {
	if source == "" || len(s.Queue.Keys) != 1 || strings.ContainsAny(s.Queue.Keys[0], "*#") || s.Handler == nil || bury == nil || logger == nil {
		return nil, errors.New("lambdaapi: want the queue's name, a handler of one routing key, dead letters and a logger")
	}
	done, err := lru.New[[sha256.Size]byte, struct{}](remembered)
	if err != nil {
		return nil, fmt.Errorf("lambdaapi: %w", err)
	}
	worker := delivery.NewWorker(s.Queue.Name, s.Handler, patience, delivery.NewMetrics(nil, logger), logger)
	return &Function{source: source, queue: s.Queue, worker: worker, bury: bury, done: done, logger: logger}, nil
}

// Handle handles an invocation. Its error says how many messages must come again.
func (f *Function) Handle(ctx context.Context, e events.RabbitMQEvent) error {
	all, err := f.messages(e)
	if err != nil {
		return err
	}
	var (
		group errgroup.Group
		mu    sync.Mutex
		again = map[errs.Code]int{}
	)
	group.SetLimit(f.queue.Workers())
	for _, m := range all {
		group.Go(func() error {
			if code := f.take(ctx, m); code != "" {
				mu.Lock()
				defer mu.Unlock()
				again[code]++
			}
			return nil
		})
	}
	_ = group.Wait() // its functions return no error
	if len(again) > 0 {
		return fmt.Errorf("of %d deliveries some must come again: %v", len(all), again)
	}
	return nil
}

// messages returns the deliveries of an event, or why it is not one of our queue.
func (f *Function) messages(e events.RabbitMQEvent) ([]events.RabbitMQMessage, error) {
	if e.EventSource != "aws:rmq" {
		return nil, fmt.Errorf("the event source is %q, not RabbitMQ", e.EventSource)
	}
	var all []events.RabbitMQMessage
	for name, messages := range e.MessagesByQueue { // "<queue>::<virtual host>"
		if queue, _, _ := strings.Cut(name, "::"); queue != f.source {
			return nil, fmt.Errorf("deliveries of the queue %q, not of %q", queue, f.source)
		}
		all = append(all, messages...)
	}
	return all, nil
}

// take handles a delivery. It returns why the delivery has to come again, or "".
func (f *Function) take(ctx context.Context, d events.RabbitMQMessage) errs.Code {
	m, err := message(f.queue.Keys[0], d)
	if err != nil { // the raw data is buried
		return f.give(ctx, m, errs.CodeOf(err))
	}
	if m.ContentType != event.BatchContentType {
		return f.handle(ctx, m)
	}
	all, err := unpack(m)
	if err != nil {
		return f.give(ctx, m, errs.CodeOf(err))
	}
	var again errs.Code
	for _, one := range all {
		if code := f.handle(ctx, one); code != "" {
			again = code // the whole delivery comes again, and what is done is remembered
		}
	}
	return again
}

// handle handles one event. It returns why it has to come again, or "".
func (f *Function) handle(ctx context.Context, m bus.Message) errs.Code {
	sum := sha256.Sum256(m.Body)
	if f.done.Contains(sum) {
		return ""
	}
	v := f.worker.Deliver(ended(ctx), ctx, m)
	switch v.Settle {
	case errs.Dead: // not remembered: an operator may put it back into the queue
		return f.give(ctx, m, v.Reason)
	case errs.Retry:
		return v.Reason
	case errs.Hold:
		return errs.Unavailable.DefaultCode()
	case errs.Ack:
	}
	f.done.Add(sum, struct{}{})
	return ""
}

// give buries a message. It returns why it could not, or "".
func (f *Function) give(ctx context.Context, m bus.Message, reason errs.Code) errs.Code {
	if err := f.bury(ctx, f.queue.Name, m, reason); err != nil {
		f.logger.WarnContext(ctx, "a dead letter could not be buried", "message_id", m.ID, "reason", string(reason), "error", err.Error())
		return errs.CodeOf(err)
	}
	f.logger.WarnContext(ctx, "dead letter buried", "message_id", m.ID, "reason", string(reason))
	return ""
}

// ended returns a context that has ended: a held delivery is not waited for here, since
// every moment of an invocation is paid for. It comes again with its batch.
func ended(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}
