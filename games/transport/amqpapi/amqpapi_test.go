package amqpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/amqpapi"
	"gamestore.example/pkg/bus"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/observe"
)

// example returns the event that a golden one tells of, and its context.
func example(t *testing.T, key string) (context.Context, games.Event) {
	t.Helper()
	ce, err := event.Unmarshal(contractgames.Golden(key))
	if err != nil {
		t.Fatal(err)
	}
	ctx := event.WithOrigin(t.Context(), event.Origin{CorrelationID: ce.CorrelationID, CausationID: ce.CausationID})
	ctx = observe.Extract(ctx, map[string]string{"traceparent": ce.TraceParent})
	e := games.Event{ID: ce.ID, Name: games.EventName(key), At: ce.Time}
	created := time.Date(2026, 3, 14, 15, 59, 58, 0, time.UTC)
	purchase := games.Purchase{
		ID: "01995b30-0000-7000-8000-000000000001", GameID: "tower-of-owls", UserID: "01995b2c-7f39-7d02-8b1e-5a4f3c2b1a00",
		Price: money.Money{Amount: 1999, Currency: "BRL"}, PaymentMethod: "tok_approved", Version: 2, CreatedAt: created,
		PaymentID: "01995b30-0000-7000-8000-0000000000aa",
	}
	switch key {
	case contractgames.KeyGameCreated:
		e.Game = games.Game{ID: "tower-of-owls", Revision: 1}
	case contractgames.KeyGameUpdated:
		e.Game = games.Game{ID: "tower-of-owls", Revision: 8}
	case contractgames.KeyGameDeleted:
		e.Game = games.Game{ID: "tower-of-owls", Revision: 9}
	case contractgames.KeyGamePurchased:
		purchase.Version = 1
	case contractgames.KeyPurchaseFailed:
		purchase.FailureReason = "card_declined"
	case contractgames.KeyPurchaseCancelled:
		purchase.PaymentID = ""
	case contractgames.KeyPurchaseRefundRequested:
		purchase.Version = 3
	case contractgames.KeyPurchaseRefunded:
		purchase.Version = 4
	}
	if e.Game.ID == "" {
		e.Purchase = purchase
	}
	return ctx, e
}

func TestEncodeMakesTheGoldenEvents(t *testing.T) {
	for _, key := range contractgames.Keys() {
		ctx, e := example(t, key)
		record, err := amqpapi.Encode(ctx, e)
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := json.Compact(&want, contractgames.Golden(key)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), string(record.Message.Body)); diff != "" {
			t.Errorf("%s (-golden +got):\n%s", key, diff)
		}
		ce, err := event.Unmarshal(record.Message.Body)
		if err != nil {
			t.Fatal(err)
		}
		ids := strings.Split(ce.TraceParent, "-")
		m := bus.Message{ID: ce.ID, Key: key, ContentType: event.ContentType, Body: record.Message.Body, Headers: map[string]string{
			"traceparent": ce.TraceParent, "b3": ids[1] + "-" + ids[2] + "-1",
		}}
		if diff := cmp.Diff(m, record.Message); diff != "" || record.AggregateID != ce.Subject || record.Type != ce.Type {
			t.Errorf("%s: record %+v\n%s", key, record, diff)
		}
	}
	if _, err := amqpapi.Encode(t.Context(), games.Event{ID: "x", Name: "unknown"}); err == nil {
		t.Error("an unknown event was encoded")
	}
}

// reactions note what they are called with.
type reactions struct {
	calls []any
	ctx   context.Context //nolint:containedctx // looked at afterwards
	err   error
}

func (r *reactions) note(ctx context.Context, call any) (games.Outcome, error) {
	r.ctx, r.calls = ctx, append(r.calls, call)
	return games.Applied, r.err
}

type call struct {
	Name  string
	Event games.PaymentEvent
}

func (r *reactions) PaymentCompleted(ctx context.Context, e games.PaymentEvent) (games.Outcome, error) {
	return r.note(ctx, call{"completed", e})
}

func (r *reactions) PaymentFailed(ctx context.Context, e games.PaymentEvent) (games.Outcome, error) {
	return r.note(ctx, call{"failed", e})
}

func (r *reactions) PaymentRefunded(ctx context.Context, e games.PaymentEvent) (games.Outcome, error) {
	return r.note(ctx, call{"refunded", e})
}

func (r *reactions) PaymentRefundFailed(ctx context.Context, e games.PaymentEvent) (games.Outcome, error) {
	return r.note(ctx, call{"refund failed", e})
}

func (r *reactions) ForgetUser(ctx context.Context, e games.UserEvent) (games.Outcome, error) {
	return r.note(ctx, e)
}

func (r *reactions) IndexGames(ctx context.Context, ids ...string) error {
	_, err := r.note(ctx, ids)
	return err
}

// handler finds who takes the key, by exact keys and "payment.*".
func handler(t *testing.T, r games.Reactions, key string) bus.Handler {
	t.Helper()
	for _, s := range amqpapi.Subscriptions(endpoints.NewReactions(r, middleware.Chain())) {
		for _, pattern := range s.Queue.Keys {
			if pattern == key || pattern == "payment.*" && key[:8] == "payment." {
				return s.Handler
			}
		}
	}
	return nil
}

func TestConsumersTakeTheGoldenEvents(t *testing.T) {
	golden := map[string][]byte{contractusers.KeyUserDeleted: contractusers.Golden(contractusers.KeyUserDeleted)}
	for _, key := range []string{
		contractpayments.KeyPaymentCompleted, contractpayments.KeyPaymentFailed, contractpayments.KeyPaymentRefunded, contractpayments.KeyPaymentRefundFailed,
	} {
		golden[key] = contractpayments.Golden(key)
	}
	for _, key := range contractgames.Keys() {
		golden[key] = contractgames.Golden(key)
	}
	for key, body := range golden {
		r := &reactions{}
		h := handler(t, r, key)
		if h == nil {
			continue
		}
		if err := h(t.Context(), bus.Message{ID: "m", Key: key, Body: body}); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if diff := cmp.Diff([]any{wanted(t, key, body)}, r.calls); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
		ce, _ := event.Unmarshal(body)
		if o := event.OriginFrom(r.ctx); o.CausationID != ce.ID || o.CorrelationID != ce.CorrelationID || observe.RequestID(r.ctx) != ce.CorrelationID {
			t.Errorf("%s: origin %+v", key, o)
		}
	}
	if handler(t, &reactions{}, contractgames.KeyGamePurchased) != nil {
		t.Error("game.purchased goes to the index, which it does not change")
	}
}

// wanted is the call that an event must lead to.
func wanted(t *testing.T, key string, body []byte) any {
	t.Helper()
	ce, err := event.Unmarshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var data struct {
		UserID, GameID, PaymentID, PurchaseID, Reason string
		Amount                                        money.Money
	}
	if err := json.Unmarshal(ce.Data, &data); err != nil {
		t.Fatal(err)
	}
	e := games.PaymentEvent{MessageID: ce.ID, PurchaseID: data.PurchaseID, Payment: games.Payment{ID: data.PaymentID, Amount: data.Amount, Reason: data.Reason}}
	switch key {
	case contractusers.KeyUserDeleted:
		return games.UserEvent{MessageID: ce.ID, UserID: data.UserID}
	case contractpayments.KeyPaymentCompleted:
		return call{"completed", e}
	case contractpayments.KeyPaymentFailed:
		return call{"failed", e}
	case contractpayments.KeyPaymentRefunded:
		return call{"refunded", e}
	case contractpayments.KeyPaymentRefundFailed:
		return call{"refund failed", e}
	}
	return []string{data.GameID}
}

func TestPoisonIsDeadAtOnce(t *testing.T) {
	completed := string(contractpayments.Golden(contractpayments.KeyPaymentCompleted))
	replaced := func(old, changed string) []byte {
		b := bytes.ReplaceAll([]byte(completed), []byte(old), []byte(changed))
		if string(b) == completed {
			t.Fatalf("the golden event has no %s", old)
		}
		return b
	}
	for name, body := range map[string][]byte{
		"nothing":       nil,
		"not JSON":      []byte("{"),
		"another type":  contractgames.Golden(contractgames.KeyGameCreated),
		"next version":  replaced("completed.v1", "completed.v2"),
		"wrong payload": replaced(`"amount": {`, `"amount": 7, "x": {`),
	} {
		r := &reactions{}
		err := handler(t, r, contractpayments.KeyPaymentCompleted)(t.Context(), bus.Message{ID: "m", Key: contractpayments.KeyPaymentCompleted, Body: body})
		if errs.SettleOf(err) != errs.Dead || len(r.calls) != 0 {
			t.Errorf("%s: %v, calls %v", name, err, r.calls)
		}
	}
	nameless := bytes.ReplaceAll(contractgames.Golden(contractgames.KeyGameCreated), []byte("gameId"), []byte("gameID2"))
	err := handler(t, &reactions{}, contractgames.KeyGameCreated)(t.Context(), bus.Message{Key: contractgames.KeyGameCreated, Body: nameless})
	if errs.SettleOf(err) != errs.Dead {
		t.Errorf("an event without a game: %v", err)
	}
}

func TestNewKeysAreTaken(t *testing.T) {
	if err := handler(t, &reactions{}, "payment.invented")(t.Context(), bus.Message{Key: "payment.invented", Body: []byte("{}")}); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestErrorsReachTheBus(t *testing.T) {
	r := &reactions{err: games.ErrPurchaseNotFound}
	err := handler(t, r, contractpayments.KeyPaymentFailed)(t.Context(), bus.Message{
		Key: contractpayments.KeyPaymentFailed, Body: contractpayments.Golden(contractpayments.KeyPaymentFailed),
	})
	if !errors.Is(err, games.ErrPurchaseNotFound) {
		t.Errorf("got %v", err)
	}
}
