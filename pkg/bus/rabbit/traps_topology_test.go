package rabbit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
)

// The traps of docs/messaging.md that lie in queues and exchanges, each with a test.
func TestTraps(t *testing.T) {
	broker := rabbittest.Start(t)
	// Dead-lettering that found no target is tried again after 3 minutes unless told otherwise.
	if _, err := broker.Ctl(t.Context(), "eval", "application:set_env(rabbit, dead_letter_worker_publisher_confirm_timeout, 500)."); err != nil {
		t.Fatal(err)
	}
	traps := []struct {
		name string
		run  func(*testing.T, *rabbittest.Broker, string)
	}{
		{"what a queue must have to lose nothing", testArguments},
		{"without reject-publish a dead letter is lost", testRejectPublish},
		{"a dead letter without a target waits and is not lost", testDeadLetterTarget},
		{"a message that ends its consumers becomes a dead letter", testDeliveryLimit},
		{"a long delay does not hold up a short one", testTimePerQueue},
		{"other arguments are refused by the queue's name", testOtherArguments},
		{"what nobody is bound for is kept", testUnroutedIsKept},
		{"a returned message failed although it is confirmed", testReturned},
		{"what the broker refuses is published again", testRefused},
		{"a thousand are on their way before one is confirmed", testPipelined},
		{"what was sent and not confirmed is published again", testUnconfirmed},
		{"a call that hangs is cut off", testHangs},
		{"a tag of a dead session settles nothing in the next", testOldTags},
	}
	urls := vhosts(t, broker, len(traps))
	for i, trap := range traps {
		t.Run(trap.name, func(t *testing.T) { trap.run(t, broker, urls[i]) })
	}
}

func testArguments(t *testing.T, broker *rabbittest.Broker, url string) {
	b := newBus(t, rabbit.Config{URL: url, Ladder: bus.RetryLadder()})
	declare(t, b, bus.Queue{Name: "bustest.args", Keys: []string{"thing.*"}})
	out, err := broker.Ctl(t.Context(), "list_queues", "--vhost", url[strings.LastIndexByte(url, '/')+1:], "--no-table-headers", "name", "type", "durable", "arguments")
	if err != nil {
		t.Fatal(err)
	}
	lossless := []string{`"x-dead-letter-strategy","at-least-once"`, `"x-overflow","reject-publish"`}
	want := map[string][]string{
		"bustest.args.v1": append([]string{`"x-delivery-limit",20`, `"x-dead-letter-exchange","gamestore.dead"`, `"x-dead-letter-routing-key","bustest.dead.v1"`}, lossless...),
		"bustest.dead.v1": nil, rabbit.Unrouted: nil,
	}
	for step, ms := range map[string]int{"5s": 5_000, "30s": 30_000, "2m": 120_000, "10m": 600_000} {
		want["bustest.args.retry."+step+".v1"] = append([]string{fmt.Sprintf(`"x-message-ttl",%d`, ms), `"x-dead-letter-routing-key","bustest.args.v1"`}, lossless...)
	}
	found := 0
	for line := range strings.Lines(out) {
		fields := strings.SplitN(strings.TrimSpace(line), "\t", 4)
		parts, expected := want[fields[0]]
		if len(fields) < 4 || !expected || fields[1] != "quorum" && fields[1] != "rabbit_quorum_queue" || fields[2] != "true" {
			t.Errorf("not expected: %s", line)
			continue
		}
		found++
		for _, part := range parts {
			if !strings.Contains(fields[3], "{"+part+"}") {
				t.Errorf("%s lacks %s: %s", fields[0], part, fields[3])
			}
		}
	}
	if found != len(want) {
		t.Errorf("%d queues of %d:\n%s", found, len(want), out)
	}
}

// reject makes the broker itself dead-letter the next message of a queue.
func reject(t *testing.T, r *raw, queue string) {
	t.Helper()
	if err := r.get(queue).Reject(false); err != nil {
		t.Fatal(err)
	}
}

// testRejectPublish shows the trap on a queue like ours but for reject-publish: both
// have the strategy at-least-once, and neither has a target.
func testRejectPublish(t *testing.T, _ *rabbittest.Broker, url string) {
	b, r := newBus(t, rabbit.Config{URL: url}), dialRaw(t, url)
	ours := bus.Queue{Name: "bustest.ours", Keys: []string{"thing.*"}}
	declare(t, b, ours)
	if _, err := r.ch.QueueDeclare("bustest.trap", true, false, false, false, amqp.Table{
		"x-queue-type": "quorum", "x-dead-letter-exchange": "gamestore.dead", "x-dead-letter-routing-key": "bustest.dead.v1",
		"x-dead-letter-strategy": "at-least-once",
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ch.QueueDelete(rabbit.DeadQueue(ours.Name), false, false, false); err != nil {
		t.Fatal(err)
	}
	publishAll(t, b, thing("kept"))
	r.publish("", "bustest.trap", amqp.Publishing{MessageId: "lost", Body: []byte("{}")})
	reject(t, r, "bustest.trap")
	reject(t, r, rabbit.QueueName(ours.Name))
	declare(t, b, ours) // the target is there again
	if l := deadLetters(t, url, 1)[0]; l.Message.ID != "kept" {
		t.Errorf("%s came", l.Message.ID)
	}
}

func testDeadLetterTarget(t *testing.T, _ *rabbittest.Broker, url string) {
	b, r := newBus(t, rabbit.Config{URL: url}), dialRaw(t, url)
	q := bus.Queue{Name: "bustest.target", Keys: []string{"thing.*"}}
	declare(t, b, q)
	// Declaring makes the target first: it is bound before anything can be given up.
	publishAll(t, b, thing("first"))
	reject(t, r, rabbit.QueueName(q.Name))
	deadLetters(t, url, 1)
	// Somebody deletes it.
	if _, err := r.ch.QueueDelete(rabbit.DeadQueue(q.Name), false, false, false); err != nil {
		t.Fatal(err)
	}
	publishAll(t, b, thing("second"))
	reject(t, r, rabbit.QueueName(q.Name))
	l := deadLetters(t, url, 1)[0] // looking declares it again
	if l.Message.ID != "second" || l.Queue != q.Name || l.Message.Key != "thing.done" {
		t.Errorf("got %+v", l)
	}
}

func testDeliveryLimit(t *testing.T, _ *rabbittest.Broker, url string) {
	b := newBus(t, rabbit.Config{URL: url})
	q := bus.Queue{Name: "bustest.crashes", Keys: []string{"thing.*"}}
	declare(t, b, q)
	publishAll(t, b, thing("killer"))
	for range 20 {
		crash(t, url, rabbit.QueueName(q.Name))
	}
	crash(t, url, rabbit.QueueName(q.Name)) // the 21st delivery is the last
	l := deadLetters(t, url, 1)[0]
	if l.Message.ID != "killer" || l.Queue != q.Name || l.Reason != "delivery-limit" || l.At.IsZero() {
		t.Errorf("got %+v", l)
	}
}

func testTimePerQueue(t *testing.T, _ *rabbittest.Broker, url string) {
	steps := []time.Duration{time.Hour, 10 * time.Millisecond}
	b, r := newBus(t, rabbit.Config{URL: url, Ladder: steps}), dialRaw(t, url)
	q := bus.Queue{Name: "bustest.delays", Keys: []string{"thing.*"}}
	declare(t, b, q)
	seen := make(chan bus.Message, 10)
	consume(t, b, q, func(_ context.Context, m bus.Message) error {
		seen <- m
		if m.Attempt < 3 {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	publishAll(t, b, thing("long")) // fails first, and waits for an hour
	receive(t, seen)
	eventually(t, "the long delay", func() bool { return r.ready(rabbit.RetryQueue(q.Name, steps[0])) == 1 })
	r.publish(rabbit.Exchange, "thing.done", amqp.Publishing{MessageId: "short", Headers: amqp.Table{"x-gamestore-attempt": int32(2)}, Body: []byte("{}")})
	for attempt := 2; attempt <= 3; attempt++ {
		if m := receive(t, seen); m.ID != "short" || m.Attempt != attempt {
			t.Errorf("got %s at attempt %d", m.ID, m.Attempt)
		}
	}
	if d := r.get(rabbit.RetryQueue(q.Name, steps[0])); d.MessageId != "long" || d.Expiration != "" {
		t.Errorf("%s expires by itself in %q", d.MessageId, d.Expiration)
	}
}

func testOtherArguments(t *testing.T, _ *rabbittest.Broker, url string) {
	r := dialRaw(t, url)
	q := bus.Queue{Name: "bustest.changed", Keys: []string{"thing.*"}}
	if _, err := r.ch.QueueDeclare(rabbit.QueueName(q.Name), true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	err := newBus(t, rabbit.Config{URL: url}).Declare(t.Context(), q)
	if err == nil || !strings.Contains(err.Error(), rabbit.QueueName(q.Name)) || !strings.Contains(err.Error(), "406") {
		t.Errorf("got %v", err)
	}
}

func testUnroutedIsKept(t *testing.T, _ *rabbittest.Broker, url string) {
	b := newBus(t, rabbit.Config{URL: url})
	m := thing("stray")
	m.Key = "nobody.wants.it"
	publishAll(t, b, m)
	if d := dialRaw(t, url).get(rabbit.Unrouted); d.MessageId != "stray" || d.RoutingKey != m.Key {
		t.Errorf("got %s %s", d.MessageId, d.RoutingKey)
	}
}

func testReturned(t *testing.T, _ *rabbittest.Broker, url string) {
	b, r := newBus(t, rabbit.Config{URL: url}), dialRaw(t, url)
	q := bus.Queue{Name: "bustest.returned", Keys: []string{"thing.*"}}
	declare(t, b, q)
	if _, err := r.ch.QueueDelete(rabbit.Unrouted, false, false, false); err != nil {
		t.Fatal(err)
	}
	// The broker acknowledges it, after it gave it back.
	stray, confirmed := thing("stray"), thing("routed")
	stray.Key = "nobody.wants.it"
	if err := r.ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	returns := r.ch.NotifyReturn(make(chan amqp.Return, 1))
	c, err := r.ch.PublishWithDeferredConfirm(rabbit.Exchange, stray.Key, true, false, amqp.Publishing{})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Wait() || len(returns) != 1 {
		t.Fatal("the trap is gone: a returned message is not acknowledged")
	}
	results := b.Publish(t.Context(), stray, confirmed, stray)
	if results[0] == nil || results[1] != nil || results[2] == nil {
		t.Errorf("got %v", results)
	}
}
