package load

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/ThreeDotsLabs/watermill"
	wmamqp "github.com/ThreeDotsLabs/watermill-amqp/v3/pkg/amqp"
	"github.com/ThreeDotsLabs/watermill/message"
)

// Watermill waits for the confirm of each message before it publishes the next on a
// channel, and for the acknowledgement of each before a subscription hands out the next.
// So it gets many of both.
const (
	watermillChannels      = 256
	watermillSubscriptions = 32
)

// openWatermill is Watermill v1.5.1 with watermill-amqp v3.0.2, configured for speed with the
// same promises: NewDurableQueueConfig, which is durable and persistent, in a quorum queue;
// ConfirmDelivery, since without it a message may be lost; a pool of as many channels
// as there are publishers, since the default opens a channel for each message; a
// prefetch of 256 in all instead of 1; many subscriptions.
func openWatermill(ctx context.Context, place Place) (Player, error) {
	p, err := newPost()
	if err != nil {
		return nil, err
	}
	cfg := wmamqp.NewDurableQueueConfig(place.Broker)
	cfg.Queue.Arguments = quorum()
	cfg.Publish.ConfirmDelivery = true
	cfg.Publish.ChannelPoolSize = watermillChannels
	cfg.Consume.Qos.PrefetchCount = ahead / watermillSubscriptions
	subscriber, err := wmamqp.NewSubscriber(cfg, watermill.NopLogger{})
	if err != nil {
		return nil, err
	}
	publisher, err := wmamqp.NewPublisher(cfg, watermill.NopLogger{})
	if err != nil {
		return nil, errors.Join(err, subscriber.Close())
	}
	p.publish = func(begin, ctx context.Context) error { return publishWatermill(begin, ctx, p, publisher) }
	var consuming sync.WaitGroup
	p.end = func() error {
		err := errors.Join(publisher.Close(), subscriber.Close())
		consuming.Wait()
		return err
	}
	for range watermillSubscriptions {
		messages, err := subscriber.Subscribe(context.WithoutCancel(ctx), topic)
		if err != nil {
			return nil, errors.Join(err, p.end())
		}
		consuming.Go(func() {
			for m := range messages {
				m.Ack()
				p.received(1)
			}
		})
	}
	return p, nil
}

func publishWatermill(begin, ctx context.Context, p *post, publisher message.Publisher) error {
	var id atomic.Int64
	return crowd(ctx, watermillChannels, func(context.Context, int) error {
		for begin.Err() == nil {
			if err := p.room.Acquire(begin, 1); err != nil {
				return nil //nolint:nilerr // the time is over
			}
			if err := publisher.Publish(topic, message.NewMessage(strconv.FormatInt(id.Add(1), 10), p.body)); err != nil {
				return err
			}
		}
		return nil
	})
}
