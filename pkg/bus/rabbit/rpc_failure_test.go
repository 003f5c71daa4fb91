package rabbit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
)

func TestCallsSurviveTheBroker(t *testing.T) {
	broker := rabbittest.Start(t)
	o := newOffice(t, broker, broker.URL)
	h, began, release := blocked()
	o.serve(h)
	cut := make(chan error, 1)
	go func() {
		_, err := o.caller.Call(t.Context(), rpc.Request{Operation: "slow"})
		cut <- err
	}()
	<-began
	if err := broker.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-cut; errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("a call in flight: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := o.caller.Call(ctx, rpc.Request{Operation: "ping"}); errs.ClassOf(err) != errs.Timeout {
		t.Errorf("a call without a broker: %v", err)
	}
	close(release)
	if err := broker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.ping()
}

func testNoService(t *testing.T, o *office) {
	_, err := o.caller.Call(t.Context(), rpc.Request{Operation: "ping"})
	if errs.ClassOf(err) != errs.Unavailable || errs.CodeOf(err) != "no-service" {
		t.Errorf("got %v", err)
	}
}

func testRedelivered(t *testing.T, o *office) {
	o.serve(echo)() // declares the queue, and stops
	answers := make(chan error, 1)
	var again atomic.Bool
	go func() {
		_, err := o.caller.Call(t.Context(), rpc.Request{Operation: "buy"})
		answers <- err
	}()
	dying := o.raw()
	deliveries, err := dying.Consume(rabbit.RPCQueue("games"), "", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := <-deliveries; d.Type != "buy" || d.Expiration == "" || d.ReplyTo == "" || d.CorrelationId == "" {
		t.Errorf("on the wire: %+v", d)
	}
	dying.Close()
	o.serve(func(_ context.Context, r rpc.Request) rpc.Answer {
		again.Store(r.Redelivered)
		return rpc.Answer{Status: 200}
	})
	if err := <-answers; err != nil || !again.Load() {
		t.Errorf("the call got %v; redelivered %v", err, again.Load())
	}
}

func testSessionLost(t *testing.T, o *office) {
	h, began, release := blocked()
	o.serve(h)
	lost := make(chan error, 1)
	go func() {
		_, err := o.caller.Call(t.Context(), rpc.Request{Operation: "slow"})
		lost <- err
	}()
	<-began
	vhost := o.url[strings.LastIndexByte(o.url, '/')+1:]
	if _, err := o.broker.Ctl(t.Context(), "close_all_connections", "--vhost", vhost, "crash"); err != nil {
		t.Fatal(err)
	}
	if err := <-lost; errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("got %v", err)
	}
	close(release)
	o.ping() // both sides heal
}

func testDrain(t *testing.T, o *office) {
	h, began, release := blocked()
	stop := o.serve(h)
	answered := make(chan error, 1)
	go func() {
		a, err := o.caller.Call(t.Context(), rpc.Request{Operation: "slow", Body: []byte("1")})
		if err == nil && string(a.Body) != "1" {
			err = fmt.Errorf("got %s", a.Body)
		}
		answered <- err
	}()
	<-began
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	// It serves no more: a new request waits in the queue until it expires.
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := o.caller.Call(ctx, rpc.Request{Operation: "ping"})
		cancel()
		if err != nil {
			break
		}
	}
	close(release)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	<-stopped
}

func testGivenUp(t *testing.T, o *office) {
	h, began, release := blocked()
	stop := o.serve(h)
	ctx, cancel := context.WithCancel(t.Context())
	errors1 := make(chan error, 1)
	go func() {
		_, err := o.caller.Call(ctx, rpc.Request{Operation: "slow"})
		errors1 <- err
	}()
	<-began
	cancel()
	if err := <-errors1; errs.ClassOf(err) != errs.Timeout || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	o.ping() // the late answer disturbs nobody
	stop()
	o.emptied()
}

func testDeletedQueue(t *testing.T, o *office) {
	o.serve(echo)
	if _, err := o.raw().QueueDelete(rabbit.RPCQueue("games"), false, false, false); err != nil {
		t.Fatal(err)
	}
	o.ping()
}

func testClientCloses(t *testing.T, o *office) {
	h, began, release := blocked()
	o.serve(h)
	client := o.newClient(8)
	failed := make(chan error, 1)
	go func() {
		_, err := client.Service("games").Call(t.Context(), rpc.Request{Operation: "slow"})
		failed <- err
	}()
	<-began
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("got %v", err)
	}
	close(release)
}

func testPanic(t *testing.T, o *office) {
	o.serve(func(context.Context, rpc.Request) rpc.Answer { panic("secret") })
	a, err := o.caller.Call(t.Context(), rpc.Request{Operation: "x"})
	if err != nil || a.Status != 500 || a.ContentType != "application/problem+json" || strings.Contains(string(a.Body), "secret") {
		t.Errorf("%v, %d %s %s", err, a.Status, a.ContentType, a.Body)
	}
}

func testUnasked(t *testing.T, o *office) {
	h, began, release := blocked()
	close(release)
	stop := o.serve(h)
	if err := o.raw().PublishWithContext(t.Context(), "", rabbit.RPCQueue("games"), true, false, amqp.Publishing{Type: "told"}); err != nil {
		t.Fatal(err)
	}
	if r := <-began; r.Operation != "told" {
		t.Errorf("got %+v", r)
	}
	stop()
	o.emptied()
}
