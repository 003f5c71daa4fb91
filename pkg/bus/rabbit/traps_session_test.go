package rabbit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/errs"
)

func vhostOf(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

func testRefused(t *testing.T, broker *rabbittest.Broker, url string) {
	b := newBus(t, rabbit.Config{URL: url})
	q := bus.Queue{Name: "bustest.full", Keys: []string{"thing.*"}}
	declare(t, b, q)
	if _, err := broker.Ctl(t.Context(), "set_policy", "--vhost", vhostOf(url), "short", "^bustest.full", `{"max-length":1}`, "--apply-to", "queues"); err != nil {
		t.Fatal(err)
	}
	open := map[string]bool{}
	var refused bus.Message
	eventually(t, "it is full", func() bool { // the queue learns of its policy in its own time
		m := thing(fmt.Sprintf("m%05d", len(open)))
		open[m.ID] = true
		err := b.Publish(t.Context(), m)[0]
		if err == nil {
			return false
		}
		if refused = m; errs.CodeOf(err) != "not-confirmed" || errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("got %v", err)
		}
		return true
	})
	seen := make(chan string, 10_000)
	consume(t, b, q, func(_ context.Context, m bus.Message) error { seen <- m.ID; return nil })
	eventually(t, "there is room again", func() bool { return b.Publish(t.Context(), refused)[0] == nil })
	for len(open) > 0 {
		delete(open, receive(t, seen))
	}
}

func testPipelined(t *testing.T, _ *rabbittest.Broker, url string) {
	g := newGate(t, url)
	b := newBus(t, rabbit.Config{URL: g.url})
	declare(t, b, bus.Queue{Name: "bustest.pipeline", Keys: []string{"thing.*"}})
	publishAll(t, b, thing("first"))
	g.hold() // no confirm comes through
	before := g.sent.Load()
	msgs := things("m", 1000)
	size := int64(0)
	for _, m := range msgs {
		size += int64(len(m.Body))
	}
	done := make(chan []error, 1)
	go func() { done <- b.Publish(context.Background(), msgs...) }()
	eventually(t, "all of them are sent while none is confirmed", func() bool { return g.sent.Load()-before > size })
	if len(done) > 0 {
		t.Error("it did not wait for the confirms")
	}
	g.release()
	for i, err := range receive(t, done) {
		if err != nil {
			t.Errorf("%s: %v", msgs[i].ID, err)
		}
	}
}

func testUnconfirmed(t *testing.T, _ *rabbittest.Broker, url string) {
	g := newGate(t, url)
	b := newBus(t, rabbit.Config{URL: g.url})
	q := bus.Queue{Name: "bustest.unconfirmed", Keys: []string{"thing.*"}}
	declare(t, b, q)
	publishAll(t, b, thing("first"))
	g.hold()
	before := g.sent.Load()
	m := thing("unknown")
	done := make(chan []error, 1)
	go func() { done <- b.Publish(context.Background(), m) }()
	eventually(t, "it is sent", func() bool { return g.sent.Load()-before > int64(len(m.Body)) })
	g.cut() // the broker has it, and its confirm is lost
	g.release()
	if err := receive(t, done)[0]; errs.CodeOf(err) != "not-confirmed" || errs.ClassOf(err) != errs.Unavailable {
		t.Fatalf("got %v", err)
	}
	publishAll(t, b, m, thing("last"))
	seen := make(chan string, 10)
	consume(t, b, bus.Queue{Name: q.Name, Keys: q.Keys, Concurrency: 1}, func(_ context.Context, m bus.Message) error { seen <- m.ID; return nil })
	var ids []string
	for len(ids) == 0 || ids[len(ids)-1] != "last" {
		ids = append(ids, receive(t, seen))
	}
	if got := strings.Join(ids, " "); got != "first unknown unknown last" && got != "first unknown last" {
		t.Errorf("got %s", got)
	}
}

// testOldTags ends a handler after its session. Its tag is that of another message by
// then, which an acknowledgement would lose.
func testOldTags(t *testing.T, _ *rabbittest.Broker, url string) {
	g := newGate(t, url)
	publisher := newBus(t, rabbit.Config{URL: url})
	b := newBus(t, rabbit.Config{URL: g.url})
	q := bus.Queue{Name: "bustest.tags", Keys: []string{"thing.*"}, Concurrency: 4}
	declare(t, b, q)
	handled, finish := make(chan string, 100), make(chan struct{})
	stop := consume(t, b, q, func(_ context.Context, m bus.Message) error {
		handled <- m.ID
		<-finish
		return nil
	})
	publishAll(t, publisher, things("m", 4)...)
	for range 4 {
		receive(t, handled)
	}
	g.cut()
	close(finish) // all four are settled now, in a session that is no more
	again := map[string]bool{}
	for len(again) < 4 { // so all four come again
		again[receive(t, handled)] = true
	}
	publishAll(t, publisher, things("later", 20)...)
	for len(again) < 24 {
		again[receive(t, handled)] = true
	}
	stop()
	r := dialRaw(t, url)
	eventually(t, "nothing is left", func() bool { return r.ready(rabbit.QueueName(q.Name)) == 0 })
}

// testHangs has a broker that falls silent in the middle of a call in which the client
// library waits without a bound, and then in closing the connection.
func testHangs(t *testing.T, _ *rabbittest.Broker, url string) {
	for _, bytes := range []int64{1, 500, 600, 700, 1000} { // in the handshake, opening the channel, declaring
		g := newGate(t, url)
		b := newBus(t, rabbit.Config{URL: g.url, WriteTimeout: 200 * time.Millisecond})
		g.said.Store(0)
		g.limit.Store(bytes)
		err := b.Declare(context.Background(), bus.Queue{Name: "bustest.hangs", Keys: []string{"thing.*"}})
		if err == nil {
			t.Errorf("declared by a broker that fell silent after %d bytes", bytes)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if g.limit.Load() != 0 {
			t.Errorf("the broker said less than %d bytes", bytes)
		}
	}
}
