package rabbit_test

import (
	"context"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
)

// testFull fills the queue of a service that does not take anything.
func testFull(t *testing.T, o *office) {
	o.serve(echo)() // declares the queue, and stops
	idle := o.raw() // without a consumer the queue goes
	if err := idle.Qos(1, 0, false); err != nil {
		t.Fatal(err)
	}
	if _, err := idle.Consume(rabbit.RPCQueue("games"), "", false, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	flood := o.raw()
	big := make([]byte, 1<<20)
	for range 80 { // more than may wait
		if err := flood.PublishWithContext(t.Context(), "", rabbit.RPCQueue("games"), true, false, amqp.Publishing{Body: big}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		soon, cancel := context.WithTimeout(ctx, time.Second)
		_, err := o.caller.Call(soon, rpc.Request{Operation: "one more", Body: big})
		cancel()
		if errs.CodeOf(err) == "service-busy" {
			if e := errs.From(err); e.Class != errs.Unavailable || e.RetryAfter <= 0 {
				t.Errorf("got %+v", e)
			}
			return
		}
	}
	t.Error("nothing is refused")
}

// testOthersAnswer answers with a correlation id that nobody has.
func testOthersAnswer(t *testing.T, o *office) {
	o.serve(echo)()
	ch := o.raw()
	deliveries, err := ch.Consume(rabbit.RPCQueue("games"), "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		d := <-deliveries
		for _, id := range []string{"", "somebody", d.CorrelationId} {
			err := ch.PublishWithContext(t.Context(), "", d.ReplyTo, true, false, amqp.Publishing{
				CorrelationId: id, Headers: amqp.Table{"status": int32(200)}, Body: []byte(id),
			})
			if err != nil {
				answered <- err
				return
			}
		}
		answered <- nil
	}()
	a, err := o.caller.Call(t.Context(), rpc.Request{Operation: "x"})
	if err != nil || len(a.Body) != 36 {
		t.Errorf("got %q, %v", a.Body, err)
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
