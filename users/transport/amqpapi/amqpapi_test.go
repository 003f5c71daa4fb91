package amqpapi_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/contract"
	contractgames "gamestore.example/pkg/contract/games"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/observe"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/amqpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// traced returns a context with the trace of the golden events.
func traced(t *testing.T) context.Context {
	t.Helper()
	traceID, err := trace.TraceIDFromHex("4bf92f3577b34da6a3ce929d0e0e4736")
	if err != nil {
		t.Fatal(err)
	}
	spanID, err := trace.SpanIDFromHex("00f067aa0ba902b7")
	if err != nil {
		t.Fatal(err)
	}
	return trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled,
	}))
}

func TestEventsAreEncodedAsTheGoldenOnes(t *testing.T) {
	const user = "01995b2c-7f39-7d02-8b1e-5a4f3c2b1a00"
	for key, tc := range map[string]struct {
		id, request string
		event       users.Event
	}{
		contractusers.KeyUserCreated: {
			"01995b2c-7f3a-7c11-9a53-0c6c2f1d8e01", "req-1",
			users.UserCreated{UserID: user, Version: 1, At: time.Date(2026, 3, 14, 15, 9, 26, 535897000, time.UTC)},
		},
		contractusers.KeyUserDeleted: {
			"01995b2c-9c44-7a20-8f00-7d1e0a9b3c02", "req-2",
			users.UserDeleted{UserID: user, Version: 2, At: time.Date(2026, 3, 15, 9, 0, 0, 0, time.UTC)},
		},
	} {
		encode := amqpapi.NewEncoder(func() string { return tc.id })
		ctx := event.WithOrigin(traced(t), event.Origin{CorrelationID: tc.request})
		r, err := encode(ctx, tc.event)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal(r.Message.Body, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(contractusers.Golden(key), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-golden +got):\n%s", key, diff)
		}
		m := r.Message
		m.Body = nil
		wantMessage := bus.Message{
			ID: tc.id, Key: key, ContentType: event.ContentType,
			Headers: map[string]string{
				"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
				"b3":          "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
			},
		}
		if diff := cmp.Diff(wantMessage, m); diff != "" || r.AggregateID != user || r.Type != event.Type(key, "v1") {
			t.Errorf("%s: record of %s, type %s, message (-want +got):\n%s", key, r.AggregateID, r.Type, diff)
		}
	}
}

// consumer is the subscription on endpoints that remember what came.
type consumer struct {
	bus.Subscription
	got []users.RecordPurchase
	ctx context.Context //nolint:containedctx // the last call's, to be looked into
	err error
}

func newConsumer(t *testing.T) *consumer {
	t.Helper()
	c := &consumer{}
	subs := amqpapi.Subscriptions(endpoints.Set{RecordPurchaseEndpoint: func(ctx context.Context, request any) (any, error) {
		command, ok := request.(users.RecordPurchase)
		if !ok {
			t.Errorf("the endpoint got a %T", request)
		}
		c.got, c.ctx = append(c.got, command), ctx
		return nil, c.err
	}})
	if len(subs) != 1 {
		t.Fatalf("%d subscriptions", len(subs))
	}
	c.Subscription = subs[0]
	return c
}

func purchaseEvent(t *testing.T, key string) event.Event {
	t.Helper()
	data, err := json.Marshal(contractgames.PurchaseChanged{
		PurchaseID: "purchase-1", GameID: "chess", UserID: "user-1", Price: contract.Money{Amount: 1999, Currency: "BRL"},
		Reason: "card_declined", At: time.Date(2026, 3, 14, 16, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	return event.Event{
		ID: "event-1", Source: contractgames.Source, Type: event.Type(key, contractgames.Version), Subject: "purchase-1",
		Time: time.Date(2026, 3, 14, 16, 0, 0, 0, time.UTC), CorrelationID: "req-7", Sequence: "3", Data: data,
	}
}

func message(t *testing.T, key string, e event.Event) bus.Message {
	t.Helper()
	body, err := event.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return bus.Message{ID: e.ID, Key: key, ContentType: event.ContentType, Body: body}
}

func TestPurchaseEventsBecomeCommands(t *testing.T) {
	c := newConsumer(t)
	if c.Queue.Name != "users.history" || len(c.Queue.Keys) != 1 || c.Queue.Keys[0] != "purchase.*" {
		t.Errorf("queue %+v", c.Queue)
	}
	for key, kind := range map[string]users.EntryKind{
		contractgames.KeyPurchaseCompleted:       users.PurchaseCompleted,
		contractgames.KeyPurchaseFailed:          users.PurchaseFailed,
		contractgames.KeyPurchaseCancelled:       users.PurchaseCancelled,
		contractgames.KeyPurchaseRefundRequested: users.PurchaseRefundRequested,
		contractgames.KeyPurchaseRefunded:        users.PurchaseRefunded,
	} {
		c.got = nil
		if err := c.Handler(t.Context(), message(t, key, purchaseEvent(t, key))); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		want := []users.RecordPurchase{{
			MessageID: "event-1", Kind: kind, UserID: "user-1", PurchaseID: "purchase-1", Version: 3, GameID: "chess",
			Price: money.Money{Amount: 1999, Currency: "BRL"}, Reason: "card_declined", At: time.Date(2026, 3, 14, 16, 0, 0, 0, time.UTC),
		}}
		if diff := cmp.Diff(want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
		if o := event.OriginFrom(c.ctx); o != (event.Origin{CorrelationID: "req-7", CausationID: "event-1"}) || observe.RequestID(c.ctx) != "req-7" {
			t.Errorf("%s: origin %+v, request id %q", key, o, observe.RequestID(c.ctx))
		}
	}
}

func TestTheProducersGoldenEventsAreTaken(t *testing.T) {
	c := newConsumer(t)
	for _, key := range contractgames.Keys() {
		if !strings.HasPrefix(key, "purchase.") {
			continue
		}
		golden := contractgames.Golden(key)
		var want struct {
			ID   string                        `json:"id"`
			Data contractgames.PurchaseChanged `json:"data"`
		}
		if err := json.Unmarshal(golden, &want); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		c.got = nil
		if err := c.Handler(t.Context(), bus.Message{ID: want.ID, Key: key, Body: golden}); err != nil || len(c.got) != 1 {
			t.Errorf("%s: got %v and %v", key, err, c.got)
			continue
		}
		got := c.got[0]
		if got.MessageID != want.ID || got.PurchaseID != want.Data.PurchaseID || got.UserID != want.Data.UserID || got.UserID == "" ||
			got.GameID != want.Data.GameID || got.Price.Amount != want.Data.Price.Amount || !got.At.Equal(want.Data.At) || !got.Kind.OfPurchase() {
			t.Errorf("%s: got %+v", key, got)
		}
	}
}

func TestANewerKindOfPurchaseEventIsTakenAndIgnored(t *testing.T) {
	c := newConsumer(t)
	e := purchaseEvent(t, "purchase.gifted")
	if err := c.Handler(t.Context(), message(t, "purchase.gifted", e)); err != nil || len(c.got) > 0 {
		t.Errorf("got %v and %v", err, c.got)
	}
}

func TestPoisonIsDeadAtOnce(t *testing.T) {
	const key = contractgames.KeyPurchaseCompleted
	good := message(t, key, purchaseEvent(t, key))
	spoil := func(f func(*event.Event)) []byte {
		e := purchaseEvent(t, key)
		f(&e)
		return message(t, key, e).Body
	}
	for name, body := range map[string][]byte{
		"nothing":            nil,
		"no JSON":            []byte("\x00\xff"),
		"half an event":      good.Body[:len(good.Body)/2],
		"another type":       spoil(func(e *event.Event) { e.Type = event.Type(contractgames.KeyPurchaseFailed, "v1") }),
		"an unknown version": spoil(func(e *event.Event) { e.Type = event.Type(key, "v2") }),
		"other data":         spoil(func(e *event.Event) { e.Data = []byte(`{"price": "free"}`) }),
		"too large":          []byte(strings.Repeat(" ", event.MaxSize+1)),
	} {
		c := newConsumer(t)
		m := good
		m.Body = body
		if err := c.Handler(t.Context(), m); errs.SettleOf(err) != errs.Dead || len(c.got) > 0 {
			t.Errorf("%s: settled as %v (%v), the service got %v", name, errs.SettleOf(err), err, c.got)
		}
	}
}

func TestTheServicesErrorDecidesWhatBecomesOfTheDelivery(t *testing.T) {
	c := newConsumer(t)
	c.err = errs.New(errs.Unavailable, "", "the store is down")
	const key = contractgames.KeyPurchaseCompleted
	if err := c.Handler(t.Context(), message(t, key, purchaseEvent(t, key))); errs.SettleOf(err) != errs.Hold {
		t.Errorf("settled as %v (%v)", errs.SettleOf(err), err)
	}
}

func FuzzConsumer(f *testing.F) {
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"/games","type":"com.gamestore.purchase.completed.v1","time":"2026-01-01T00:00:00Z","data":{}}`))
	f.Add([]byte(`{}`))
	subs := amqpapi.Subscriptions(endpoints.Set{RecordPurchaseEndpoint: func(context.Context, any) (any, error) { return nil, nil }})
	f.Fuzz(func(t *testing.T, body []byte) {
		err := subs[0].Handler(t.Context(), bus.Message{ID: "1", Key: contractgames.KeyPurchaseCompleted, Body: body})
		if err != nil && errs.SettleOf(err) != errs.Dead {
			t.Errorf("settled as %v: %v", errs.SettleOf(err), err)
		}
	})
}
