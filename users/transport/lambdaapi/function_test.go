package lambdaapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/users/transport/lambdaapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	queue  = "welcome.users"
	source = queue + ".v1"
)

// desk handles messages as they say, and takes the dead.
type desk struct {
	mu      sync.Mutex
	handled []string
	last    bus.Message
	dead    map[string]errs.Code // by body
	closed  bool                 // takes no dead letter
}

func (d *desk) handle(_ context.Context, m bus.Message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.handled, d.last = append(d.handled, string(m.Body)), m
	word, _, _ := strings.Cut(string(m.Body), " ")
	switch word {
	case "poison":
		return errs.New(errs.Invalid, "malformed-event", "no event")
	case "later":
		return errs.New(errs.RateLimited, "notification-deferred", "not now")
	case "down":
		return errs.New(errs.Unavailable, "", "the mail server is away")
	case "panic":
		panic("a mistake")
	}
	return nil
}

func (d *desk) bury(_ context.Context, q string, m bus.Message, reason errs.Code) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || q != queue {
		return errs.New(errs.Unavailable, "", "no broker")
	}
	if d.dead == nil {
		d.dead = map[string]errs.Code{}
	}
	d.dead[string(m.Body)] = reason
	return nil
}

func function(t *testing.T, d *desk) *lambdaapi.Function {
	t.Helper()
	s := bus.Subscription{Queue: bus.Queue{Name: queue, Keys: []string{"user.created"}, Concurrency: 2}, Handler: d.handle}
	f, err := lambdaapi.NewFunction(source, s, d.bury, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func batch(bodies ...string) events.RabbitMQEvent {
	e := events.RabbitMQEvent{EventSource: "aws:rmq", MessagesByQueue: map[string][]events.RabbitMQMessage{}}
	for _, b := range bodies {
		e.MessagesByQueue[source+"::/"] = append(e.MessagesByQueue[source+"::/"],
			events.RabbitMQMessage{Data: base64.StdEncoding.EncodeToString([]byte(b))})
	}
	return e
}

func TestAPoisonedBatch(t *testing.T) {
	d := &desk{}
	f := function(t, d)
	if err := f.Handle(t.Context(), batch("one", "poison", "two")); err != nil {
		t.Fatal(err)
	}
	slices.Sort(d.handled)
	if diff := cmp.Diff([]string{"one", "poison", "two"}, d.handled); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]errs.Code{"poison": "malformed-event"}, d.dead); diff != "" {
		t.Errorf("dead (-want +got):\n%s", diff)
	}
}

func TestTheInvocationFailsIfSomethingMustComeAgain(t *testing.T) {
	for _, bad := range []string{"later", "down", "panic"} {
		d := &desk{}
		f := function(t, d)
		if err := f.Handle(t.Context(), batch("one", bad, "two")); err == nil || strings.Contains(err.Error(), "mistake") {
			t.Errorf("%s: %v", bad, err)
		}
		if len(d.handled) != 3 || len(d.dead) != 0 {
			t.Errorf("%s: handled %v, dead %v", bad, d.handled, d.dead)
		}
		if err := f.Handle(t.Context(), batch("one", bad, "two")); err == nil {
			t.Errorf("%s: no error", bad)
		}
		if len(d.handled) != 4 || d.handled[3] != bad {
			t.Errorf("%s: the batch came again, handled %v", bad, d.handled)
		}
	}
}

func TestWhatCannotBeBuriedComesAgain(t *testing.T) {
	d := &desk{closed: true}
	f := function(t, d)
	if err := f.Handle(t.Context(), batch("poison")); err == nil {
		t.Error("no error")
	}
	d.closed = false
	if err := f.Handle(t.Context(), batch("poison")); err != nil || d.dead["poison"] == "" {
		t.Errorf("got %v, dead %v", err, d.dead)
	}
	// An operator puts it back: it is handled, not taken for one that was done.
	if err := f.Handle(t.Context(), batch("poison")); err != nil || len(d.handled) != 3 {
		t.Errorf("got %v, handled %v", err, d.handled)
	}
}

func TestDataThatIsNotBase64IsBuriedAsItCame(t *testing.T) {
	d := &desk{}
	e := batch("one")
	e.MessagesByQueue[source+"::/"] = append(e.MessagesByQueue[source+"::/"], events.RabbitMQMessage{Data: "%%%"})
	if err := function(t, d).Handle(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]errs.Code{"%%%": lambdaapi.ErrData.Code}, d.dead); diff != "" {
		t.Errorf("dead (-want +got):\n%s", diff)
	}
}

func TestAPackOfEvents(t *testing.T) {
	one, two := `{"specversion":"1.0","id":"1","traceparent":"00-a"}`, `{"specversion":"1.0","id":"2"}`
	d := &desk{}
	e := batch("["+one+","+two+"]", "[1]")
	for i := range e.MessagesByQueue[source+"::/"] {
		e.MessagesByQueue[source+"::/"][i].BasicProperties.ContentType = event.BatchContentType
	}
	if err := function(t, d).Handle(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{one, two}, d.handled); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]errs.Code{"[1]": event.ErrMalformedBatch.Code}, d.dead); diff != "" {
		t.Errorf("dead (-want +got):\n%s", diff)
	}
}

func TestAMessageThatAlwaysFailsIsGivenUp(t *testing.T) {
	d := &desk{}
	e := batch("later")
	e.MessagesByQueue[source+"::/"][0].BasicProperties.Headers = map[string]any{"x-delivery-count": float64(15)}
	if err := function(t, d).Handle(t.Context(), e); err != nil || d.dead["later"] != "notification-deferred" {
		t.Errorf("got %v, dead %v", err, d.dead)
	}
}

func TestEventsOfSomethingElseFailUntouched(t *testing.T) {
	d := &desk{}
	f := function(t, d)
	other := batch("one")
	other.EventSource = "aws:kafka"
	wrong := events.RabbitMQEvent{EventSource: "aws:rmq", MessagesByQueue: map[string][]events.RabbitMQMessage{"payments.purchases.v1::/": {{Data: ""}}}}
	for _, e := range []events.RabbitMQEvent{{}, other, wrong} {
		if err := f.Handle(t.Context(), e); err == nil {
			t.Errorf("%+v: no error", e)
		}
	}
	if len(d.handled)+len(d.dead) > 0 {
		t.Errorf("handled %v, dead %v", d.handled, d.dead)
	}
}

// TestWhatLambdaWrites decodes an event in the form that Amazon documents.
func TestWhatLambdaWrites(t *testing.T) {
	const text = `{"eventSource":"aws:rmq","eventSourceArn":"arn:aws:mq:us-west-2:112556298976:broker:test:b-9bcfa592","rmqMessagesByQueue":{"welcome.users.v1::/":[{
		"basicProperties":{"contentType":"application/cloudevents+json","contentEncoding":null,
			"headers":{"traceparent":{"bytes":[48,48,45,97]},"plain":"p","number":10,"odd":{"bytes":["x"]},"x-delivery-count":2},
			"deliveryMode":2,"priority":0,"correlationId":null,"replyTo":null,"expiration":"60000","messageId":"m-1",
			"timestamp":"Jan 1, 1970, 12:33:41 AM","type":null,"userId":"AIDACKCEVSQ6C2EXAMPLE","appId":null,"clusterId":null,"bodySize":80},
		"redelivered":true,"data":"b25l"}]}}`
	var e events.RabbitMQEvent
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	d := &desk{}
	if err := function(t, d).Handle(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	want := bus.Message{
		ID: "m-1", Key: "user.created", ContentType: "application/cloudevents+json",
		Headers: map[string]string{"traceparent": "00-a", "plain": "p"}, Body: []byte("one"), Attempt: 3,
	}
	if diff := cmp.Diff(want, d.last); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestACutInvocationFails(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := bus.Subscription{Queue: bus.Queue{Name: queue, Keys: []string{"user.created"}}, Handler: func(ctx context.Context, _ bus.Message) error { return ctx.Err() }}
	f, err := lambdaapi.NewFunction(source, s, (&desk{}).bury, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Handle(ctx, batch("one")); err == nil {
		t.Error("no error")
	}
}

func TestAFunctionNeedsOneKey(t *testing.T) {
	d := &desk{}
	for _, keys := range [][]string{nil, {"a", "b"}, {"user.*"}, {"#"}} {
		if _, err := lambdaapi.NewFunction(source, bus.Subscription{Queue: bus.Queue{Name: queue, Keys: keys}, Handler: d.handle}, d.bury, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%v: no error", keys)
		}
	}
	if _, err := lambdaapi.NewFunction(source, bus.Subscription{Queue: bus.Queue{Name: queue, Keys: []string{"a"}}, Handler: d.handle}, nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Errorf("no dead letters: %v", err)
	}
}
