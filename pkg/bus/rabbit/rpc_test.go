package rabbit_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
)

// office is a service and a client of it, in a virtual host of their own.
type office struct {
	t      *testing.T
	broker *rabbittest.Broker
	url    string
	bus    *rabbit.Bus
	client *rabbit.Client
	caller rpc.Caller
}

func TestRPC(t *testing.T) {
	broker := rabbittest.Start(t)
	tests := map[string]func(*testing.T, *office){
		"what was sent arrives, and the answer comes back":   testRoundTrip,
		"a service that is not there":                        testNoService,
		"an expired request is not carried out":              testExpired,
		"a server that died leaves its request to the next":  testRedelivered,
		"a call in flight fails with its session":            testSessionLost,
		"a thousand calls share one consumer":                testThousand,
		"a panic is a problem":                               testPanic,
		"no reply-to is no answer":                           testUnasked,
		"a server that stops answers first":                  testDrain,
		"a caller that gives up is not waited for":           testGivenUp,
		"calls in flight are bounded":                        testBounded,
		"a deleted queue is made again":                      testDeletedQueue,
		"a client that closes fails what is in flight":       testClientCloses,
		"a queue that is full refuses":                       testFull,
		"an answer for somebody else is nobody's":            testOthersAnswer,
		"an integer of any size is a status, garbage is not": testStatus,
	}
	urls := vhosts(t, broker, len(tests))
	next := 0
	for name, test := range tests {
		url := urls[next]
		next++
		t.Run(name, func(t *testing.T) { test(t, newOffice(t, broker, url)) })
	}
}

func newOffice(t *testing.T, broker *rabbittest.Broker, url string) *office {
	o := &office{t: t, broker: broker, url: url}
	b, err := rabbit.New(rabbit.Config{URL: url, Name: "server", Drain: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	o.bus, o.client = b, o.newClient(1024)
	o.caller = o.client.Service("games")
	return o
}

func (o *office) newClient(window int) *rabbit.Client {
	o.t.Helper()
	c, err := rabbit.NewClient(rabbit.Config{URL: o.url, Name: "client", Window: window})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = c.Close() })
	return c
}

// serve serves until the returned function is called, which waits for the end, and
// returns when the first call is answered.
func (o *office) serve(h rpc.HandlerFunc) (stop func()) {
	o.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := o.bus.Serve(ctx, "games", rpc.HandlerFunc(func(ctx context.Context, r rpc.Request) rpc.Answer {
			if r.Operation == "ping" {
				return rpc.Answer{Status: 200}
			}
			return h(ctx, r)
		})); err != nil {
			o.t.Error(err)
		}
	})
	stop = func() { cancel(); done.Wait() }
	o.t.Cleanup(stop)
	o.ping()
	return stop
}

// ping returns when the service answers.
func (o *office) ping() {
	o.t.Helper()
	over := time.Now().Add(2 * time.Minute)
	for {
		ctx, cancel := context.WithTimeout(o.t.Context(), 5*time.Second)
		_, err := o.caller.Call(ctx, rpc.Request{Operation: "ping"})
		cancel()
		if err == nil {
			return
		}
		// A request that came while the service was away goes with its queue, unanswered.
		if class := errs.ClassOf(err); (class != errs.Unavailable && class != errs.Timeout) || time.Now().After(over) {
			o.t.Fatal(err)
		}
	}
}

// raw is a channel of somebody who does not use this package.
func (o *office) raw() *amqp.Channel {
	o.t.Helper()
	conn, err := amqp.Dial(o.url)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		o.t.Fatal(err)
	}
	return ch
}

func echo(_ context.Context, r rpc.Request) rpc.Answer {
	return rpc.Answer{Status: 202, ContentType: "application/json", Headers: r.Headers, Body: r.Body}
}

// blocked returns a handler that waits for release, and what it says when it began.
func blocked() (h rpc.HandlerFunc, began chan rpc.Request, release chan struct{}) {
	began, release = make(chan rpc.Request, 8), make(chan struct{})
	return func(ctx context.Context, r rpc.Request) rpc.Answer {
		began <- r
		select {
		case <-release:
		case <-ctx.Done():
		}
		return rpc.Answer{Status: 200, Body: r.Body}
	}, began, release
}

func testRoundTrip(t *testing.T, o *office) {
	var got rpc.Request
	var left time.Duration
	o.serve(func(ctx context.Context, r rpc.Request) rpc.Answer {
		got = r
		end, _ := ctx.Deadline()
		left = time.Until(end)
		return rpc.Answer{Status: 202, ContentType: "application/json", Headers: map[string]string{"etag": `"3"`}, Body: []byte(`{"a":1}`)}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	sent := rpc.Request{Operation: "games.PurchaseGame", Headers: map[string]string{"authorization": "Bearer t", "x-request-id": "r1"}, Body: []byte(`{"gameId":"g"}`)}
	a, err := o.caller.Call(ctx, sent)
	if err != nil {
		t.Fatal(err)
	}
	delete(a.Headers, "deadline")
	want := rpc.Answer{Status: 202, ContentType: "application/json", Headers: map[string]string{"etag": `"3"`}, Body: []byte(`{"a":1}`)}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	if got.Headers["deadline"] == "" {
		t.Error("the request has no deadline")
	}
	delete(got.Headers, "deadline")
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Error(diff)
	}
	if left < 10*time.Second || left > 20*time.Second {
		t.Errorf("the handler had %v, want the caller's 20 s", left)
	}
}

func testExpired(t *testing.T, o *office) {
	o.serve(echo)() // declares the queue, and stops
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := o.caller.Call(ctx, rpc.Request{Operation: "late"}); errs.ClassOf(err) != errs.Timeout {
		t.Errorf("got %v", err)
	}
	// One that the broker does not expire, of a caller that sets only the header.
	err := o.raw().PublishWithContext(t.Context(), "", rabbit.RPCQueue("games"), true, false, amqp.Publishing{
		Type: "late", ReplyTo: "nowhere", Headers: amqp.Table{"deadline": time.Now().Add(-time.Second).UTC().Format(time.RFC3339Nano)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var late atomic.Int32
	stop := o.serve(func(context.Context, rpc.Request) rpc.Answer { late.Add(1); return rpc.Answer{Status: 200} })
	stop() // all it took is settled
	if late.Load() != 0 {
		t.Errorf("%d expired requests were carried out", late.Load())
	}
	o.emptied()
}

// emptied fails the test unless the queue of requests is empty.
func (o *office) emptied() {
	o.t.Helper()
	q, err := o.raw().QueueDeclarePassive(rabbit.RPCQueue("games"), true, false, false, false, nil)
	if err != nil || q.Messages != 0 {
		o.t.Errorf("%d requests are left: %v", q.Messages, err)
	}
}

func testThousand(t *testing.T, o *office) {
	h, began, release := blocked()
	o.serve(h)
	var calls sync.WaitGroup
	for i := range 1000 {
		calls.Go(func() {
			body := fmt.Sprintf(`{"n":%d}`, i)
			a, err := o.caller.Call(t.Context(), rpc.Request{Operation: "echo", Body: []byte(body)})
			if err != nil || string(a.Body) != body {
				t.Errorf("call %d: %s, %v", i, a.Body, err)
			}
		})
	}
	for range 1000 {
		<-began // all at the same time
	}
	vhost := o.url[strings.LastIndexByte(o.url, '/')+1:]
	out, err := o.broker.Ctl(t.Context(), "list_consumers", "--vhost", vhost, "queue_name", "--no-table-headers")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out, "amq.gen-"); n != 1 {
		t.Errorf("%d consumers of answers for 1000 calls:\n%s", n, out)
	}
	close(release)
	calls.Wait()
}

func testBounded(t *testing.T, o *office) {
	h, began, release := blocked()
	o.serve(h)
	narrow := o.newClient(2).Service("games")
	var calls sync.WaitGroup
	for range 3 {
		calls.Go(func() {
			if _, err := narrow.Call(t.Context(), rpc.Request{Operation: "slow"}); err != nil {
				t.Error(err)
			}
		})
	}
	<-began
	<-began
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := narrow.Call(ctx, rpc.Request{Operation: "ping"}); errs.ClassOf(err) != errs.Timeout {
		t.Errorf("a call beyond the bound: %v", err)
	}
	if len(began) != 0 {
		t.Error("a third call is in flight")
	}
	close(release)
	calls.Wait()
}

func testStatus(t *testing.T, o *office) {
	ch := o.raw()
	if _, err := ch.QueueDeclare(rabbit.RPCQueue("games"), true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	requests, err := ch.Consume(rabbit.RPCQueue("games"), "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for sent, want := range map[any]int{int16(204): 204, int32(204): 204, int64(204): 204, "x": 0, true: 0} {
		go func() {
			d := <-requests
			_ = ch.PublishWithContext(t.Context(), "", d.ReplyTo, true, false, amqp.Publishing{CorrelationId: "unknown"})
			_ = ch.PublishWithContext(t.Context(), "", d.ReplyTo, true, false, amqp.Publishing{CorrelationId: d.CorrelationId, Headers: amqp.Table{"status": sent}})
		}()
		if a, err := o.caller.Call(t.Context(), rpc.Request{Operation: "x"}); err != nil || a.Status != want {
			t.Errorf("%T %v: status %d, %v", sent, sent, a.Status, err)
		}
	}
}
