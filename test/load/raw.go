package load

import (
	"context"
	"errors"
	"strconv"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// ackEvery is how many deliveries are acknowledged with one frame.
const ackEvery = 64

// openRaw is amqp091-go as fast as it goes: one channel publishes and lets confirms come in
// while it goes on, another consumes and acknowledges many at once. There is nothing
// around it that mends a lost connection.
func openRaw(_ context.Context, place Place) (Player, error) {
	p, err := newPost()
	if err != nil {
		return nil, err
	}
	out, closeOut, err := dialRaw(place.Broker)
	if err != nil {
		return nil, err
	}
	in, closeIn, err := dialRaw(place.Broker)
	if err != nil {
		return nil, errors.Join(err, closeOut())
	}
	p.publish = func(begin, ctx context.Context) error { return publishRaw(begin, ctx, p, out) }
	var consuming sync.WaitGroup
	p.end = func() error {
		err := errors.Join(closeOut(), closeIn())
		consuming.Wait()
		return err
	}
	_, err = out.QueueDeclare(topic, true, false, false, false, quorum())
	err = errors.Join(err, out.Confirm(false), in.Qos(ahead, 0, false))
	if err != nil {
		return nil, errors.Join(err, p.end())
	}
	deliveries, err := in.Consume(topic, "", false, false, false, false, nil)
	if err != nil {
		return nil, errors.Join(err, p.end())
	}
	consuming.Go(func() { consumeRaw(p, deliveries) })
	return p, nil
}

func dialRaw(url string) (*amqp.Channel, func() error, error) {
	conn, err := amqp.Dial(url)
	if err != nil {
		return nil, nil, err
	}
	ch, err := conn.Channel()
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return ch, conn.Close, nil
}

func publishRaw(begin, ctx context.Context, p *post, ch *amqp.Channel) error {
	confirms := make(chan *amqp.DeferredConfirmation, window)
	failed := make(chan error, 1)
	go func() {
		var err error
		for c := range confirms {
			if ok, waitErr := c.WaitContext(ctx); err == nil && (waitErr != nil || !ok) {
				err = errors.Join(errors.New("not confirmed"), waitErr)
			}
		}
		failed <- err
	}()
	err := func() error {
		for i := 0; begin.Err() == nil; i++ {
			if err := p.room.Acquire(begin, 1); err != nil {
				return nil //nolint:nilerr // the time is over
			}
			c, err := ch.PublishWithDeferredConfirm("", topic, true, false, amqp.Publishing{
				MessageId: strconv.Itoa(i), ContentType: "application/cloudevents+json", DeliveryMode: amqp.Persistent, Body: p.body,
			})
			if err != nil {
				return err
			}
			confirms <- c // waits when the window is full
		}
		return nil
	}()
	close(confirms)
	return errors.Join(err, <-failed)
}

func consumeRaw(p *post, deliveries <-chan amqp.Delivery) {
	n := 0
	for d := range deliveries {
		p.received(1)
		if n++; n%ackEvery == 0 {
			if err := d.Ack(true); err != nil {
				p.fail(err)
				return
			}
		}
	}
}
