package rabbit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/bustest"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ladder() []time.Duration {
	return []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 30 * time.Millisecond}
}

// vhosts makes n virtual hosts with one call, so that each test has an exchange
// and queues of its own, and returns their addresses.
func vhosts(t *testing.T, b *rabbittest.Broker, n int) []string {
	t.Helper()
	var made []string
	_, err := b.Ctl(t.Context(), "eval", fmt.Sprintf(`lists:foreach(fun(I) ->
		V = list_to_binary("v" ++ integer_to_list(I)),
		rabbit_vhost:add(V, <<"test">>),
		rabbit_auth_backend_internal:set_permissions(<<"guest">>, V, <<".*">>, <<".*">>, <<".*">>, <<"test">>)
	end, lists:seq(1, %d)).`, n))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		made = append(made, strings.TrimSuffix(b.URL, "/")+fmt.Sprintf("/v%d", i+1))
	}
	return made
}

func TestBus(t *testing.T) {
	broker := rabbittest.Start(t)
	urls := vhosts(t, broker, 80)
	next := 0
	for name, pack := range map[string]int{"alone": 1, "packed": 16} {
		t.Run(name, func(t *testing.T) {
			bustest.Run(t, func(t *testing.T) bustest.Harness {
				next++
				return open(t, urls[next-1], pack)
			}, bustest.Features{Durable: true})
		})
	}
}

func open(t *testing.T, url string, pack int) bustest.Harness {
	t.Helper()
	g := newGate(t, url)
	cfg := rabbit.Config{URL: g.url, Name: t.Name(), Ladder: ladder(), Drain: 2 * time.Second, Pack: pack}
	b, err := rabbit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	dead, err := rabbit.NewDeadLetters(cfg, "bustest")
	if err != nil {
		t.Fatal(err)
	}
	return bustest.Harness{Bus: b, Dead: dead, Attempts: len(ladder()) + 1, Reopen: func() bustest.Harness {
		// What a crash does to the broker: the connections are gone, and nobody comes back.
		g.shut()
		go func() { _ = b.Close() }()
		return open(t, url, pack)
	}}
}

func TestAConsumerOutlivesItsQueue(t *testing.T) {
	url := rabbittest.Start(t).URL
	b, err := rabbit.New(rabbit.Config{URL: url, Ladder: ladder()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	q := bus.Queue{Name: "bustest.deleted", Keys: []string{"thing.*"}}
	if err := b.Declare(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	handled, done := make(chan string, 1000), make(chan error, 1)
	go func() {
		done <- b.Consume(ctx, q, func(_ context.Context, m bus.Message) error { handled <- m.ID; return nil })
	}()
	publish(t, b, "before")
	<-handled
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.QueueDelete(rabbit.QueueName(q.Name), false, false, false); err != nil {
		t.Fatal(err)
	}
	// What comes while there is no queue is the publisher's to repeat.
	for again, deadline := true, time.After(20*time.Second); again; {
		publish(t, b, "after")
		select {
		case <-handled:
			again = false
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			t.Fatal("the consumer did not come back")
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func publish(t *testing.T, b *rabbit.Bus, id string) {
	t.Helper()
	if err := b.Publish(t.Context(), bus.Message{ID: id, Key: "thing.done", Body: []byte("{}")})[0]; err != nil {
		t.Fatal(err)
	}
}
