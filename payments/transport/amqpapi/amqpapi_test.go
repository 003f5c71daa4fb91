package amqpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"gamestore.example/payments"
	"gamestore.example/payments/endpoints"
	"gamestore.example/payments/transport/amqpapi"
	"gamestore.example/pkg/bus"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/observe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	purchase    = "01995b30-0000-7000-8000-000000000001"
	payment     = "01995b30-0000-7000-8000-0000000000aa"
	traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
)

func price() money.Money { return money.Money{Amount: 1999, Currency: "BRL"} }

func read(t *testing.T, b []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEventsAreEncodedAsTheGoldenOnes(t *testing.T) {
	for key, tc := range map[string]struct {
		name     payments.EventName
		id       string
		second   int
		sequence int64
		reason   string
	}{
		contractpayments.KeyPaymentCompleted:    {payments.PaymentCompleted, "01995b30-0000-7000-8000-000000000201", 1, 3, ""},
		contractpayments.KeyPaymentFailed:       {payments.PaymentFailed, "01995b30-0000-7000-8000-000000000202", 2, 3, "card_declined"},
		contractpayments.KeyPaymentRefunded:     {payments.PaymentRefunded, "01995b30-0000-7000-8000-000000000203", 3, 6, ""},
		contractpayments.KeyPaymentRefundFailed: {payments.PaymentRefundFailed, "01995b30-0000-7000-8000-000000000204", 4, 6, "refund_refused"},
	} {
		t.Run(key, func(t *testing.T) {
			r, err := amqpapi.NewEncoder(func() string { return tc.id })(t.Context(), payments.Event{
				Name: tc.name, PaymentID: payment, PurchaseID: purchase, Amount: price(), Reason: tc.reason, Sequence: tc.sequence,
				At: time.Date(2026, 3, 14, 16, 0, tc.second, 0, time.UTC),
				Origin: payments.Origin{
					CorrelationID: "req-4", CausationID: "01995b30-0000-7000-8000-000000000104",
					Trace: map[string]string{"traceparent": traceparent},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(read(t, contractpayments.Golden(key)), read(t, r.Message.Body)); diff != "" {
				t.Errorf("(-golden +got):\n%s", diff)
			}
			r.Message.Body = nil
			want := bus.Message{ID: tc.id, Key: key, ContentType: event.ContentType, Headers: map[string]string{"traceparent": traceparent}}
			if diff := cmp.Diff(want, r.Message); diff != "" || r.AggregateID != payment || r.Type != event.Type(key, "v1") {
				t.Errorf("record of %s, type %s, message (-want +got):\n%s", r.AggregateID, r.Type, diff)
			}
		})
	}
	if _, err := amqpapi.NewEncoder(func() string { return "x" })(t.Context(), payments.Event{Name: "payment.vanished"}); err == nil {
		t.Error("an unknown event is encoded")
	}
}

// spanned returns a context within a span of another trace.
func spanned(t *testing.T) context.Context {
	t.Helper()
	return trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled,
	}))
}

func TestTheTraceOfTheWorkIsPreferredToItsOrigins(t *testing.T) {
	r, err := amqpapi.NewEncoder(func() string { return "e-1" })(spanned(t), payments.Event{
		Name: payments.PaymentCompleted, PaymentID: payment, PurchaseID: purchase, Amount: price(), At: time.Now(),
		Origin: payments.Origin{Trace: map[string]string{"traceparent": traceparent}},
	})
	if err != nil || !strings.HasPrefix(r.Message.Headers["traceparent"], "00-01000") {
		t.Errorf("headers %v, %v", r.Message.Headers, err)
	}
}

func TestResume(t *testing.T) {
	ctx := amqpapi.Resume(t.Context(), payments.Origin{CorrelationID: "req-4", Trace: map[string]string{"traceparent": traceparent}})
	if observe.RequestID(ctx) != "req-4" || observe.TraceID(ctx) != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("request %q, trace %q", observe.RequestID(ctx), observe.TraceID(ctx))
	}
	if ctx = amqpapi.Resume(t.Context(), payments.Origin{}); observe.RequestID(ctx) != "" || observe.TraceID(ctx) != "" {
		t.Error("an empty origin left something in the context")
	}
}

// consumers are the subscriptions on endpoints that remember what came.
type consumers struct {
	byKey map[string]bus.Subscription
	got   []any
	ctx   context.Context
	err   error
}

func newConsumers(t *testing.T) *consumers {
	t.Helper()
	c := &consumers{byKey: map[string]bus.Subscription{}}
	take := func(ctx context.Context, request any) (any, error) {
		c.got, c.ctx = append(c.got, request), ctx
		return nil, c.err
	}
	for _, s := range amqpapi.Subscriptions(endpoints.Set{
		AcceptPurchaseEndpoint: take, CancelPurchaseEndpoint: take, RequestRefundEndpoint: take,
	}) {
		if len(s.Queue.Keys) != 1 {
			t.Errorf("%s has the keys %v", s.Queue.Name, s.Queue.Keys)
		}
		c.byKey[s.Queue.Keys[0]] = s
	}
	return c
}

func TestGoldenEventsBecomeCommands(t *testing.T) {
	origin := func(request, cause string) payments.Origin {
		return payments.Origin{CorrelationID: request, CausationID: cause, Trace: map[string]string{"traceparent": traceparent}}
	}
	for key, tc := range map[string]struct {
		queue string
		want  any
	}{
		contractgames.KeyGamePurchased: {amqpapi.QueuePurchases, payments.AcceptPurchase{
			MessageID: "01995b30-0000-7000-8000-000000000104", PurchaseID: purchase, UserID: "01995b2c-7f39-7d02-8b1e-5a4f3c2b1a00",
			Amount: price(), Method: "tok_approved", Origin: origin("req-4", "01995b30-0000-7000-8000-000000000104"),
		}},
		contractgames.KeyPurchaseCancelled: {amqpapi.QueueCancellations, payments.CancelPurchase{
			MessageID: "01995b30-0000-7000-8000-000000000107", PurchaseID: purchase,
			Origin: origin("req-7", "01995b30-0000-7000-8000-000000000107"),
		}},
		contractgames.KeyPurchaseRefundRequested: {amqpapi.QueueRefunds, payments.RequestRefund{
			MessageID: "01995b30-0000-7000-8000-000000000108", PurchaseID: purchase, Request: 3, Amount: price(),
			Origin: origin("req-8", "01995b30-0000-7000-8000-000000000108"),
		}},
	} {
		t.Run(key, func(t *testing.T) {
			c := newConsumers(t)
			s, ok := c.byKey[key]
			if !ok || s.Queue.Name != tc.queue {
				t.Fatalf("the queue is %q, want %q", s.Queue.Name, tc.queue)
			}
			if err := s.Handler(t.Context(), bus.Message{Key: key, Body: contractgames.Golden(key)}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]any{tc.want}, c.got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if o := event.OriginFrom(c.ctx); o.CausationID == "" || o.CorrelationID == "" {
				t.Errorf("the context's origin is %+v", o)
			}
		})
	}
}

func TestTheTraceOfTheHandlingBecomesTheOrigin(t *testing.T) {
	c := newConsumers(t)
	s := c.byKey[contractgames.KeyGamePurchased]
	m := bus.Message{Body: contractgames.Golden(contractgames.KeyGamePurchased)}
	if err := s.Handler(spanned(t), m); err != nil {
		t.Fatal(err)
	}
	m.Headers = map[string]string{"traceparent": "00-11111111111111111111111111111111-2222222222222222-01", "secret": "no"}
	if err := s.Handler(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for i, prefix := range []string{"00-01000", "00-11111"} {
		cmd, ok := c.got[i].(payments.AcceptPurchase)
		if !ok || !strings.HasPrefix(cmd.Origin.Trace["traceparent"], prefix) || cmd.Origin.Trace["secret"] != "" {
			t.Errorf("origin %+v, want the trace %s…", cmd.Origin, prefix)
		}
	}
}

func TestPoisonIsSettledAsDead(t *testing.T) {
	golden := string(contractgames.Golden(contractgames.KeyGamePurchased))
	for name, body := range map[string]string{
		"empty":             "",
		"not JSON":          "{",
		"not an event":      "{}",
		"another type":      strings.ReplaceAll(golden, "game.purchased.v1", "game.deleted.v1"),
		"a later version":   strings.ReplaceAll(golden, "game.purchased.v1", "game.purchased.v2"),
		"a text as amount":  strings.ReplaceAll(golden, "1999", `"1999"`),
		"a huge amount":     strings.ReplaceAll(golden, "1999", "1e30"),
		"a list of nothing": `[]`,
	} {
		c := newConsumers(t)
		err := c.byKey[contractgames.KeyGamePurchased].Handler(t.Context(), bus.Message{Body: []byte(body)})
		if errs.SettleOf(err) != errs.Dead || len(c.got) != 0 {
			t.Errorf("%s: %v is settled as %v after %d calls", name, err, errs.SettleOf(err), len(c.got))
		}
	}
}

func TestTheServicesErrorSettlesTheDelivery(t *testing.T) {
	c := newConsumers(t)
	for _, want := range []error{payments.ErrPaymentNotFound, payments.ErrPurchaseMismatch, errs.New(errs.Unavailable, "", "down")} {
		c.err = want
		for key, s := range c.byKey {
			if err := s.Handler(t.Context(), bus.Message{Body: contractgames.Golden(key)}); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", key, err, want)
			}
		}
	}
}

func FuzzHandlers(f *testing.F) {
	for _, key := range []string{contractgames.KeyGamePurchased, contractgames.KeyPurchaseCancelled, contractgames.KeyPurchaseRefundRequested} {
		f.Add(contractgames.Golden(key))
	}
	subs := amqpapi.Subscriptions(endpoints.Set{
		AcceptPurchaseEndpoint: func(context.Context, any) (any, error) { return nil, nil },
		CancelPurchaseEndpoint: func(context.Context, any) (any, error) { return nil, nil },
		RequestRefundEndpoint:  func(context.Context, any) (any, error) { return nil, nil },
	})
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, s := range subs {
			if err := s.Handler(t.Context(), bus.Message{Body: body}); err != nil && errs.SettleOf(err) != errs.Dead {
				t.Errorf("%s: %v", s.Queue.Name, err)
			}
		}
	})
}
