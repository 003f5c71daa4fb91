package rabbit_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/event"
)

// patience is how long anything may take before a test fails.
const patience = 60 * time.Second

// raw is a connection of the test's own, with the client library alone.
type raw struct {
	t    *testing.T
	conn *amqp.Connection
	ch   *amqp.Channel
}

func dialRaw(t *testing.T, url string) *raw {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return &raw{t, conn, ch}
}

// get waits for the next message of a queue.
func (r *raw) get(queue string) amqp.Delivery {
	r.t.Helper()
	var got amqp.Delivery
	eventually(r.t, "a message in "+queue, func() bool {
		d, ok, err := r.ch.Get(queue, false)
		if err != nil {
			r.t.Fatal(err)
		}
		got = d
		return ok
	})
	return got
}

// publish sends a message and waits for its confirm.
func (r *raw) publish(exchange, key string, p amqp.Publishing) {
	r.t.Helper()
	if err := r.ch.Confirm(false); err != nil {
		r.t.Fatal(err)
	}
	p.DeliveryMode = amqp.Persistent
	c, err := r.ch.PublishWithDeferredConfirm(exchange, key, false, false, p)
	if err != nil {
		r.t.Fatal(err)
	}
	if ok, err := c.WaitContext(r.t.Context()); err != nil || !ok {
		r.t.Fatalf("confirmed: %v, %v", ok, err)
	}
}

// ready is the number of messages that a queue could deliver now.
func (r *raw) ready(queue string) int {
	r.t.Helper()
	q, err := r.ch.QueueDeclarePassive(queue, true, false, false, false, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return q.Messages
}

// crash takes one delivery of a queue and is gone with it.
func crash(t *testing.T, url, queue string) {
	t.Helper()
	r := dialRaw(t, url)
	r.get(queue)
	if err := r.conn.Close(); err != nil {
		t.Fatal(err)
	}
}

// eventually polls a broker, which has no signal for it.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing came within %v", patience)
	}
	panic("not reached")
}

func newBus(t *testing.T, cfg rabbit.Config) *rabbit.Bus {
	t.Helper()
	if cfg.Ladder == nil {
		cfg.Ladder = ladder()
	}
	b, err := rabbit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func declare(t *testing.T, b *rabbit.Bus, queues ...bus.Queue) {
	t.Helper()
	if err := b.Declare(t.Context(), queues...); err != nil {
		t.Fatal(err)
	}
}

// consume handles a queue until the returned function is called, or the test ends.
func consume(t *testing.T, b *rabbit.Bus, q bus.Queue, h bus.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Consume(ctx, q, h) }()
	ended := false
	stop = func() {
		cancel()
		if ended {
			return
		}
		ended = true
		if err := receive(t, done); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// publishAll publishes messages, each of which must be confirmed.
func publishAll(t *testing.T, b *rabbit.Bus, msgs ...bus.Message) {
	t.Helper()
	for i, err := range b.Publish(t.Context(), msgs...) {
		if err != nil {
			t.Fatalf("%s: %v", msgs[i].ID, err)
		}
	}
}

// thing is an event with the key thing.done.
func thing(id string) bus.Message {
	return bus.Message{ID: id, Key: "thing.done", ContentType: event.ContentType,
		Body: []byte(`{"specversion":"1.0","id":"` + id + `","source":"/test","type":"com.gamestore.thing.done.v1","data":{}}`)}
}

func things(prefix string, n int) []bus.Message {
	msgs := make([]bus.Message, n)
	for i := range msgs {
		msgs[i] = thing(fmt.Sprintf("%s%05d", prefix, i))
	}
	return msgs
}
