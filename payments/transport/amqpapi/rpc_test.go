package amqpapi_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/payments"
	"gamestore.example/payments/endpoints"
	"gamestore.example/payments/transport/amqpapi"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/rpc"
)

// asked is a service that notes the last request, and answers one payment.
type asked struct {
	payments.Service // panics where a test did not expect a call

	last   any
	answer payments.Payment
	err    error
}

func (s *asked) GetPayment(_ context.Context, q payments.GetPayment) (payments.Payment, error) {
	s.last = q
	return s.answer, s.err
}

func (s *asked) FindPayment(_ context.Context, q payments.FindPayment) (payments.Payment, error) {
	s.last = q
	return s.answer, s.err
}

func (s *asked) HandleWebhook(_ context.Context, c payments.HandleWebhook) error {
	s.last = c
	return s.err
}

func (s *asked) Reconcile(_ context.Context, c payments.Reconcile) (payments.Payment, error) {
	s.last = c
	return s.answer, s.err
}

// anybody takes every token but "forged" as its user's id.
type anybody struct{}

func (anybody) Verify(_ context.Context, raw string) (auth.Principal, error) {
	switch raw {
	case "":
		return auth.Principal{}, auth.ErrTokenRequired
	case "forged":
		return auth.Principal{}, auth.ErrTokenInvalid
	}
	return auth.Principal{UserID: raw, Roles: []string{auth.RoleUser, auth.RoleAdmin}}, nil
}

// remote calls a handler over a real broker.
func remote(t *testing.T, h rpc.Handler) rpc.Caller {
	t.Helper()
	return rabbittest.Serve(t, "payments", h)
}

func TestRoundTripInProcess(t *testing.T) {
	roundTrips(t, func(h rpc.Handler) rpc.Caller {
		return rpc.CallerFunc(func(_ context.Context, r rpc.Request) (rpc.Answer, error) {
			return h.Serve(context.Background(), r), nil
		})
	})
}

func TestRoundTripOverRabbitMQ(t *testing.T) {
	roundTrips(t, func(h rpc.Handler) rpc.Caller { return remote(t, h) })
}

func roundTrips(t *testing.T, connect func(rpc.Handler) rpc.Caller) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	payment := payments.Payment{
		ID: "pay", PurchaseID: "p", Amount: money.Money{Amount: 1999, Currency: "BRL"}, Provider: "simulated", Status: payments.Completed, Reason: "x",
		CreatedAt: at, UpdatedAt: at, Attempts: []payments.Attempt{{Number: 1, Kind: payments.KindCharge, StartedAt: at, FinishedAt: at.Add(time.Second), Outcome: payments.OutcomeCharged}},
	}
	s := &asked{}
	server, err := amqpapi.NewServer(endpoints.New(s, middleware.Chain(), anybody{}))
	if err != nil {
		t.Fatal(err)
	}
	caller := connect(server)
	client, me, actor := amqpapi.NewClient(caller), auth.WithToken(t.Context(), "u"), payments.Actor{UserID: "u", Admin: true}
	for operation, tr := range map[string]struct {
		call    func(context.Context) (payments.Payment, error)
		request any
	}{
		contractpayments.OpGetPayment: {func(ctx context.Context) (payments.Payment, error) {
			return client.GetPayment(ctx, payments.GetPayment{PaymentID: "pay"})
		}, payments.GetPayment{PaymentID: "pay", Actor: actor}},
		contractpayments.OpFindPayment: {func(ctx context.Context) (payments.Payment, error) {
			return client.FindPayment(ctx, payments.FindPayment{PurchaseID: "p", Actor: payments.Actor{UserID: "other"}})
		}, payments.FindPayment{PurchaseID: "p", Actor: actor}},
		contractpayments.OpReconcile: {func(ctx context.Context) (payments.Payment, error) {
			return client.Reconcile(ctx, payments.Reconcile{PaymentID: "pay"})
		}, payments.Reconcile{PaymentID: "pay", Actor: actor}},
	} {
		*s = asked{answer: payment}
		got, err := tr.call(me)
		if diff := cmp.Diff(tr.request, s.last); diff != "" || err != nil {
			t.Errorf("%s: %v, the service got (-want +got):\n%s", operation, err, diff)
		}
		if diff := cmp.Diff(payment, got); diff != "" {
			t.Errorf("%s: the client got (-want +got):\n%s", operation, diff)
		}
		*s = asked{err: payments.ErrPaymentNotFound.WithCause(errors.New("secret"))}
		if _, err := tr.call(me); !errors.Is(err, payments.ErrPaymentNotFound) || errs.ClassOf(err) != errs.NotFound {
			t.Errorf("%s: %v", operation, err)
		}
		*s = asked{}
		if _, err := tr.call(t.Context()); !errors.Is(err, auth.ErrTokenRequired) || s.last != nil {
			t.Errorf("%s without a token: %v", operation, err)
		}
		if _, err := tr.call(auth.WithToken(t.Context(), "forged")); !errors.Is(err, auth.ErrTokenInvalid) || s.last != nil {
			t.Errorf("%s with a forged token: %v", operation, err)
		}
	}
	poison(t, s, caller)
}

func poison(t *testing.T, s *asked, caller rpc.Caller) {
	t.Helper()
	for _, operation := range contractpayments.Operations() {
		for _, body := range []string{"", "{", "[]", `{"unknown":1}`, "\xff"} {
			*s = asked{}
			a, err := caller.Call(t.Context(), rpc.Request{Operation: operation, Headers: map[string]string{"authorization": "Bearer u"}, Body: []byte(body)})
			if err != nil || a.Status != http.StatusBadRequest || a.ContentType != "application/problem+json" || s.last != nil {
				t.Errorf("%s with the body %q: %v, %d %s; the service got %v", operation, body, err, a.Status, a.Body, s.last)
			}
		}
	}
}

func TestAWebhookComesAsItWasSigned(t *testing.T) {
	s := &asked{}
	server, err := amqpapi.NewServer(endpoints.New(s, middleware.Chain(), anybody{}))
	if err != nil {
		t.Fatal(err)
	}
	client := amqpapi.NewClient(rpc.CallerFunc(func(ctx context.Context, r rpc.Request) (rpc.Answer, error) {
		return server.Serve(ctx, r), nil
	}))
	hook := payments.HandleWebhook{Provider: "simulated", Headers: map[string]string{"x-signature": "s"}, Body: []byte("{ \"raw\": \"\xff\"\r\n")}
	err = client.HandleWebhook(t.Context(), hook)
	if diff := cmp.Diff(any(hook), s.last); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	*s = asked{err: payments.ErrInvalidSignature}
	if err := client.HandleWebhook(t.Context(), hook); !errors.Is(err, payments.ErrInvalidSignature) {
		t.Errorf("a bad signature: %v", err)
	}
	*s = asked{}
	hook.Body = make([]byte, 64<<10+1)
	if err := client.HandleWebhook(t.Context(), hook); errs.ClassOf(err) != errs.TooLarge || s.last != nil {
		t.Errorf("a long one: %v", err)
	}
	hook.Provider = "../x"
	if err := client.HandleWebhook(t.Context(), hook); !errors.Is(err, payments.ErrUnknownProvider) || s.last != nil {
		t.Errorf("no provider: %v", err)
	}
}

func TestWhatComesByEventsIsNotAskedFor(t *testing.T) {
	client := amqpapi.NewClient(rpc.CallerFunc(func(context.Context, rpc.Request) (rpc.Answer, error) {
		t.Error("something was sent")
		return rpc.Answer{}, nil
	}))
	if err := client.AcceptPurchase(t.Context(), payments.AcceptPurchase{}); !errors.Is(err, amqpapi.ErrNotOverAMQP) {
		t.Errorf("got %v", err)
	}
	if got := rabbit.RPCQueue("payments"); got != contractpayments.RPC {
		t.Errorf("the bus calls it %s, the contract %s", got, contractpayments.RPC)
	}
}
