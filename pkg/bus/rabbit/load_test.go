package rabbit_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/event"
)

// body is an event of the usual size, about 600 bytes.
func body(id string) []byte {
	return fmt.Appendf(nil, `{"specversion":"1.0","id":%q,"source":"/games","type":"com.gamestore.thing.done.v1","subject":"01995b30-0000-7000-8000-000000000001",`+
		`"time":"2026-03-14T15:59:58Z","datacontenttype":"application/json","dataschema":"/schemas/thing.done.v1","correlationid":"req-4",`+
		`"traceparent":%q,"sequence":"1","data":{"purchaseId":"01995b30-0000-7000-8000-000000000001","gameId":"tower-of-owls",`+
		`"userId":"01995b2c-7f39-7d02-8b1e-5a4f3c2b1a00","price":{"amount":1999,"currency":"BRL"},"paymentMethod":"tok_approved"}}`, id, traceParent)
}

const traceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func usual(id string) bus.Message {
	return bus.Message{ID: id, Key: "thing.done", ContentType: event.ContentType, Headers: map[string]string{"traceparent": traceParent}, Body: body(id)}
}

// A backlog is the broker's to keep. What a consumer holds depends on its prefetch.
func TestABacklogDoesNotGrowTheConsumer(t *testing.T) {
	const backlog, growth = 50_000, 64 << 20
	url := rabbittest.Start(t).URL
	for _, pack := range []int{1, 64} {
		b := newBus(t, rabbit.Config{URL: url, Pack: pack})
		q := bus.Queue{Name: fmt.Sprintf("bustest.backlog%d", pack), Keys: []string{"thing.*"}}
		declare(t, b, q)
		msgs := make([]bus.Message, 1000)
		for n := 0; n < backlog; n += len(msgs) {
			for i := range msgs {
				msgs[i] = usual(fmt.Sprintf("m%05d", n+i))
			}
			publishAll(t, b, msgs...)
		}
		clear(msgs)
		before := heap()
		var handled atomic.Int64
		heaps := make(chan uint64, backlog)
		done := make(chan struct{})
		stop := consume(t, b, q, func(context.Context, bus.Message) error {
			n := handled.Add(1)
			if n%10_000 == 1 {
				heaps <- heap() // the others go on meanwhile, as with any slow handler
			}
			if n == backlog {
				close(done)
			}
			return nil
		})
		select {
		case <-done:
		case <-time.After(5 * time.Minute):
			t.Fatalf("%d of %d handled", handled.Load(), backlog)
		}
		stop()
		close(heaps)
		most := uint64(0)
		for one := range heaps {
			most = max(most, one)
		}
		if most > before+growth {
			t.Errorf("pack %d: the heap grew from %d to %d MiB", pack, before>>20, most>>20)
		}
		t.Logf("pack %d: heap %d KiB before, at most %d KiB", pack, before>>10, most>>10)
		deleteQueue(t, url, q.Name)
	}
}

func deleteQueue(t testing.TB, url, queue string) {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.QueueDelete(rabbit.QueueName(queue), false, false, false); err != nil {
		t.Fatal(err)
	}
}

// heap is what is reachable.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkPublishConsume has events go through a quorum queue and back: through this
// package, and through the client library alone with as much in flight.
func BenchmarkPublishConsume(b *testing.B) {
	url := rabbittest.Start(b).URL
	for _, calls := range []int{256} {
		b.Run(fmt.Sprintf("raw/%d", calls), func(b *testing.B) { benchRaw(b, url, calls) })
		for _, pack := range []int{1, 64} {
			b.Run(fmt.Sprintf("bus/%d/pack%d", calls, pack), func(b *testing.B) { benchBus(b, url, calls, pack) })
		}
	}
}

func benchBus(b *testing.B, url string, calls, pack int) {
	br, err := rabbit.New(rabbit.Config{URL: url, Pack: pack})
	if err != nil {
		b.Fatal(err)
	}
	defer br.Close()
	q := bus.Queue{Name: fmt.Sprintf("bustest.bench%d", pack), Keys: []string{"thing.*"}}
	if err := br.Declare(b.Context(), q); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var handled atomic.Int64
	done, ended := make(chan struct{}), make(chan error, 1)
	total := int64(b.N)
	go func() {
		ended <- br.Consume(ctx, q, func(context.Context, bus.Message) error {
			if handled.Add(1) == total {
				close(done)
			}
			return nil
		})
	}()
	m := usual("01995b30-0000-7000-8000-000000000104")
	b.ReportAllocs()
	b.ResetTimer()
	// Four relays, each with a batch on its way.
	feed(b, calls, func(n int) {
		msgs := make([]bus.Message, n)
		for i := range msgs {
			msgs[i] = m
		}
		for _, err := range br.Publish(ctx, msgs...) {
			if err != nil {
				b.Error(err)
			}
		}
	})
	<-done
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.StopTimer()
	stop()
	if err := <-ended; err != nil {
		b.Error(err)
	}
	deleteQueue(b, url, q.Name)
}

// feed has four publishers send b.N messages, in calls of some size.
func feed(b *testing.B, calls int, publish func(n int)) {
	var left atomic.Int64
	left.Store(int64(b.N))
	for range 4 {
		go func() {
			for {
				n := left.Add(-int64(calls)) + int64(calls)
				if n <= 0 {
					return
				}
				publish(int(min(n, int64(calls))))
			}
		}()
	}
}

func benchRaw(b *testing.B, url string, calls int) {
	channel := func() *amqp.Channel {
		conn, err := amqp.Dial(url)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		ch, err := conn.Channel()
		if err != nil {
			b.Fatal(err)
		}
		return ch
	}
	out, in := channel(), channel()
	const queue = "bustest.raw"
	if _, err := in.QueueDeclare(queue, true, false, false, false, amqp.Table{"x-queue-type": "quorum", "x-overflow": "reject-publish"}); err != nil {
		b.Fatal(err)
	}
	if err := in.Qos(256, 0, false); err != nil {
		b.Fatal(err)
	}
	deliveries, err := in.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		b.Fatal(err)
	}
	if err := out.Confirm(false); err != nil {
		b.Fatal(err)
	}
	msg := amqp.Publishing{
		MessageId: "01995b30-0000-7000-8000-000000000104", ContentType: event.ContentType, DeliveryMode: amqp.Persistent,
		Headers: amqp.Table{"traceparent": traceParent}, Body: body("01995b30-0000-7000-8000-000000000104"),
	}
	b.ReportAllocs()
	b.ResetTimer()
	feed(b, calls, func(n int) {
		confirms := make([]*amqp.DeferredConfirmation, n)
		for i := range confirms {
			c, err := out.PublishWithDeferredConfirm("", queue, true, false, msg)
			if err != nil {
				b.Error(err)
				return
			}
			confirms[i] = c
		}
		for _, c := range confirms {
			c.Wait()
		}
	})
	for n := 1; n <= b.N; n++ {
		d := <-deliveries
		if n%64 == 0 || n == b.N {
			if err := d.Ack(true); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.StopTimer()
	if _, err := in.QueueDelete(queue, false, false, false); err != nil {
		b.Fatal(err)
	}
}
