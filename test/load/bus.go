package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/event"
)

// batchSize is how many events a relay publishes at once.
const batchSize = 256

// openBus is the store's bus, with the dead letters and the retry ladder of its queue, and
// with handlers that do nothing.
func openBus(pack int) func(context.Context, Place) (Player, error) {
	return func(ctx context.Context, place Place) (Player, error) {
		p, err := newPost()
		if err != nil {
			return nil, err
		}
		b, err := rabbit.New(rabbit.Config{URL: place.Broker, Name: "bench", Window: window, Pack: pack})
		if err != nil {
			return nil, err
		}
		queue := bus.Queue{Name: "bench.events", Keys: []string{topic}}
		if err := b.Declare(ctx, queue); err != nil {
			return nil, errors.Join(err, b.Close())
		}
		p.publish = func(begin, ctx context.Context) error { return publishBus(begin, ctx, p, b) }
		consume, stop := context.WithCancel(context.WithoutCancel(ctx))
		var consuming sync.WaitGroup
		p.end = func() error {
			stop()
			consuming.Wait()
			return b.Close()
		}
		consuming.Go(func() {
			err := b.Consume(consume, queue, func(context.Context, bus.Message) error {
				p.received(1)
				return nil
			})
			if err != nil {
				p.fail(err)
			}
		})
		return p, nil
	}
}

// publishBus publishes as relays do, a batch after the other, several at once.
func publishBus(begin, ctx context.Context, p *post, b *rabbit.Bus) error {
	sample, err := event.Peek(p.body)
	if err != nil {
		return err
	}
	headers := map[string]string{}
	if sample.TraceParent != "" {
		headers["traceparent"] = sample.TraceParent
	}
	var last atomic.Int64
	return crowd(ctx, window/batchSize, func(ctx context.Context, _ int) error {
		batch := make([]bus.Message, batchSize)
		for begin.Err() == nil {
			if err := p.room.Acquire(begin, batchSize); err != nil {
				return nil //nolint:nilerr // the time is over
			}
			for i := range batch {
				id := fmt.Sprintf("01995b30-0000-7000-8000-%012d", last.Add(1))
				// A message and its event have one id, as in the services.
				body := bytes.Replace(p.body, []byte(sample.ID), []byte(id), 1)
				batch[i] = bus.Message{ID: id, Key: topic, ContentType: event.ContentType, Headers: headers, Body: body}
			}
			if err := errors.Join(b.Publish(ctx, batch...)...); err != nil {
				return err
			}
		}
		return nil
	})
}
