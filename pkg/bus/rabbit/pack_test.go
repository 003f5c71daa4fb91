package rabbit_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
)

func TestPacking(t *testing.T) {
	broker := rabbittest.Start(t)
	urls := vhosts(t, broker, 6)
	t.Run("what is in a pack", func(t *testing.T) { testWhatIsPacked(t, urls[0]) })
	t.Run("a batch that is none is dead as it came", func(t *testing.T) { testNoBatch(t, urls[1]) })
	t.Run("a pack is acknowledged when all of it is settled", func(t *testing.T) { testPackSettled(t, urls[2]) })
	t.Run("a pack that ends its consumers is taken apart", func(t *testing.T) { testSuspectPack(t, urls[3]) })
	t.Run("a returned pack fails each of its events", func(t *testing.T) { testReturnedPack(t, urls[4]) })
	t.Run("a number that cannot be", func(t *testing.T) {
		for _, n := range []int{-1, event.MaxBatch + 1} {
			if _, err := rabbit.New(rabbit.Config{URL: urls[5], Pack: n}); errs.ClassOf(err) != errs.Invalid {
				t.Errorf("%d: %v", n, err)
			}
		}
	})
}

func testWhatIsPacked(t *testing.T, url string) {
	b, r := newBus(t, rabbit.Config{URL: url, Pack: 10}), dialRaw(t, url)
	a := bus.Queue{Name: "bustest.a", Keys: []string{"thing.done"}}
	other := bus.Queue{Name: "bustest.other", Keys: []string{"other"}}
	declare(t, b, a, other)
	msgs := things("m", 25)
	msgs[3].Key = "other" // between the others, and goes elsewhere
	msgs[14].Headers = map[string]string{"h": "v"}
	// Its publishing is a span of its own, told in two forms.
	msgs[5].Body = []byte(strings.Replace(string(msgs[5].Body), `"data":{}`, `"traceparent":"`+traceParent+`","data":{}`, 1))
	published := strings.Replace(traceParent, "-00f0", "-11f0", 1)
	msgs[5].Headers = map[string]string{"traceparent": published, "b3": "4bf92f3577b34da6a3ce929d0e0e4736-11f067aa0ba902b7-1"}
	big := strings.Repeat("x", event.MaxSize/2)
	for _, i := range []int{22, 23} {
		msgs[i].Body = []byte(strings.Replace(string(msgs[i].Body), `"data":{}`, `"data":{"of":"`+big+`"}`, 1))
	}
	publishAll(t, b, msgs...)
	want := [][]int{{0, 1, 2, 4, 5, 6, 7, 8, 9, 10}, {11, 12, 13}, {14}, {15, 16, 17, 18, 19, 20, 21, 22}, {23, 24}}
	seen := map[string]bool{}
	for _, positions := range want {
		got := r.get(rabbit.QueueName(a.Name))
		var ids, wanted []string
		for _, i := range positions {
			wanted = append(wanted, msgs[i].ID)
		}
		if got.ContentType == event.BatchContentType {
			members, err := event.Split(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range members {
				ids = append(ids, m.ID)
			}
		} else {
			ids = []string{got.MessageId}
		}
		if d := cmp.Diff(wanted, ids); d != "" {
			t.Error(d)
		}
		if got.MessageId == "" || seen[got.MessageId] || got.DeliveryMode != amqp.Persistent {
			t.Errorf("id %q, mode %d", got.MessageId, got.DeliveryMode)
		}
		seen[got.MessageId] = true
	}
	if got := r.get(rabbit.QueueName(other.Name)); got.MessageId != msgs[3].ID || got.ContentType != event.ContentType {
		t.Errorf("got %s %s", got.MessageId, got.ContentType)
	}
}

func testNoBatch(t *testing.T, url string) {
	b, r := newBus(t, rabbit.Config{URL: url, Pack: 10}), dialRaw(t, url)
	q := bus.Queue{Name: "bustest.malformed", Keys: []string{"thing.done"}, Concurrency: 2}
	declare(t, b, q)
	one := string(thing("inside").Body)
	bodies := map[string]string{
		"no-json": "nonsense", "object": one, "empty": "[]", "element": "[" + one + ",{}]", "nested": "[[" + one + "]]",
		"ten-mb": "[" + strings.Repeat(one+",", 10<<20/len(one)) + one + "]", "million": "[" + strings.Repeat("1,", 1_000_000) + "1]",
	}
	for id, body := range bodies {
		r.publish(rabbit.Exchange, "thing.done", amqp.Publishing{MessageId: id, ContentType: event.BatchContentType, Body: []byte(body)})
	}
	handled := make(chan string, 100)
	consume(t, b, q, func(_ context.Context, m bus.Message) error { handled <- m.ID; return nil })
	publishAll(t, b, things("good", 5)...)
	for range 5 {
		if id := receive(t, handled); !strings.HasPrefix(id, "good") {
			t.Errorf("handled %s", id)
		}
	}
	letters := deadLetters(t, url, len(bodies))
	for _, l := range letters {
		if l.Reason != event.ErrMalformedBatch.Code || l.Queue != q.Name || l.Message.ContentType != event.BatchContentType || bodies[l.Message.ID] != string(l.Message.Body) {
			t.Errorf("%s: %s of %s, %s, %d bytes", l.Message.ID, l.Reason, l.Queue, l.Message.ContentType, len(l.Message.Body))
		}
	}
	dead, err := rabbit.NewDeadLetters(rabbit.Config{URL: url}, "bustest")
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.Replay(t.Context(), q.Name, "nested"); err != nil {
		t.Fatal(err)
	}
	deadLetters(t, url, len(bodies)) // it is there again
}

// deadLetters waits until the service bustest has n.
func deadLetters(t *testing.T, url string, n int) []bus.DeadLetter {
	t.Helper()
	dead, err := rabbit.NewDeadLetters(rabbit.Config{URL: url}, "bustest")
	if err != nil {
		t.Fatal(err)
	}
	var letters []bus.DeadLetter
	eventually(t, "dead letters", func() bool {
		if letters, err = dead.List(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
		return len(letters) == n
	})
	return letters
}

func testPackSettled(t *testing.T, url string) {
	b, r := newBus(t, rabbit.Config{URL: url, Pack: 10, Drain: 100 * time.Millisecond}), dialRaw(t, url)
	q := bus.Queue{Name: "bustest.settled", Keys: []string{"thing.done"}, Concurrency: 4}
	declare(t, b, q)
	publishAll(t, b, things("m", 10)...)
	handled := make(chan string, 100)
	stop := consume(t, b, q, func(ctx context.Context, m bus.Message) error {
		if m.ID == "m00003" {
			<-ctx.Done() // until the shutdown cuts it off
			return ctx.Err()
		}
		handled <- m.ID
		return nil
	})
	for range 9 {
		receive(t, handled)
	}
	stop()
	eventually(t, "one message, which is not done", func() bool { return r.ready(rabbit.QueueName(q.Name)) == 1 })
	stop = consume(t, b, q, func(_ context.Context, m bus.Message) error { handled <- m.ID; return nil })
	for range 10 {
		receive(t, handled)
	}
	stop()
	if n := r.ready(rabbit.QueueName(q.Name)); n != 0 {
		t.Errorf("%d messages left", n)
	}
}

// An event that kills its consumer is in a pack with others. They must not end as it does.
func testSuspectPack(t *testing.T, url string) {
	b := newBus(t, rabbit.Config{URL: url, Pack: 10})
	q := bus.Queue{Name: "bustest.suspect", Keys: []string{"thing.done"}, Concurrency: 4}
	declare(t, b, q)
	publishAll(t, b, things("m", 10)...)
	for range 5 {
		crash(t, url, rabbit.QueueName(q.Name))
	}
	handled, killing := make(chan string, 100), make(chan struct{}, 1)
	stop := consume(t, b, q, func(_ context.Context, m bus.Message) error {
		if m.ID == "m00004" {
			select {
			case killing <- struct{}{}:
			default:
			}
			return errs.New(errs.Unavailable, "", "in flight")
		}
		handled <- m.ID
		return nil
	})
	var ids []string
	for range 9 {
		ids = append(ids, receive(t, handled))
	}
	receive(t, killing)
	stop()
	slices.Sort(ids)
	if d := cmp.Diff(append(idsOf(things("m", 4)), "m00005", "m00006", "m00007", "m00008", "m00009"), ids); d != "" {
		t.Error(d)
	}
	if got := dialRaw(t, url).get(rabbit.QueueName(q.Name)); got.MessageId != "m00004" || got.ContentType != event.ContentType {
		t.Errorf("left: %s %s", got.MessageId, got.ContentType)
	}
}

func idsOf(msgs []bus.Message) []string {
	ids := make([]string, len(msgs))
	for i, m := range msgs {
		ids[i] = m.ID
	}
	return ids
}

func testReturnedPack(t *testing.T, url string) {
	b, r := newBus(t, rabbit.Config{URL: url, Pack: 10}), dialRaw(t, url)
	q := bus.Queue{Name: "bustest.returned", Keys: []string{"thing.done"}}
	declare(t, b, q)
	publishAll(t, b, thing("first"))
	// Without the queue of the unrouted nobody takes a key without a binding.
	if _, err := r.ch.QueueDelete(rabbit.Unrouted, false, false, false); err != nil {
		t.Fatal(err)
	}
	msgs := things("m", 20)
	for i := range msgs {
		if i%2 == 0 {
			msgs[i].Key = "nobody"
		}
	}
	for i, err := range b.Publish(t.Context(), msgs...) {
		if i%2 == 0 && errs.CodeOf(err) != "unroutable" || i%2 == 1 && err != nil {
			t.Errorf("%s: %v", msgs[i].ID, err)
		}
		if errors.Is(err, bus.ErrUnpublishable) {
			t.Error("it is refused for good")
		}
	}
}
