package endpoints_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/go-kit/kit/endpoint"
	"go.uber.org/goleak"

	"gamestore.example/payments"
	"gamestore.example/payments/endpoints"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service remembers who asked.
type service struct {
	payments.Service
	actors []payments.Actor
	calls  int
}

func (s *service) GetPayment(_ context.Context, q payments.GetPayment) (payments.Payment, error) {
	s.actors = append(s.actors, q.Actor)
	return payments.Payment{ID: q.PaymentID}, nil
}

func (s *service) FindPayment(_ context.Context, q payments.FindPayment) (payments.Payment, error) {
	s.actors = append(s.actors, q.Actor)
	return payments.Payment{PurchaseID: q.PurchaseID}, nil
}

func (s *service) Reconcile(_ context.Context, c payments.Reconcile) (payments.Payment, error) {
	s.actors = append(s.actors, c.Actor)
	return payments.Payment{ID: c.PaymentID}, nil
}

func (s *service) AcceptPurchase(context.Context, payments.AcceptPurchase) error {
	s.calls++
	return nil
}
func (s *service) CancelPurchase(context.Context, payments.CancelPurchase) error {
	s.calls++
	return nil
}
func (s *service) RequestRefund(context.Context, payments.RequestRefund) error {
	s.calls++
	return payments.ErrNotRefundable
}
func (s *service) HandleWebhook(context.Context, payments.HandleWebhook) error { s.calls++; return nil }

// verifier takes tokens that are names; "root" is an admin.
type verifier struct{}

func (verifier) Verify(_ context.Context, raw string) (auth.Principal, error) {
	switch raw {
	case "":
		return auth.Principal{}, auth.ErrTokenRequired
	case "root":
		return auth.Principal{UserID: raw, Roles: []string{auth.RoleUser, auth.RoleAdmin}}, nil
	}
	return auth.Principal{UserID: raw, Roles: []string{auth.RoleUser}}, nil
}

func newSet() (*service, endpoints.Set, *[]string) {
	svc, names := &service{}, &[]string{}
	set := endpoints.New(svc, func(operation string) endpoint.Middleware {
		*names = append(*names, operation)
		return func(next endpoint.Endpoint) endpoint.Endpoint { return next }
	}, verifier{})
	return svc, set, names
}

func TestTheActorIsTheTokensAlone(t *testing.T) {
	lie := payments.Actor{UserID: "somebody", Admin: true}
	for token, want := range map[string]payments.Actor{"ana": {UserID: "ana"}, "root": {UserID: "root", Admin: true}} {
		svc, set, _ := newSet()
		ctx := auth.WithToken(t.Context(), token)
		if p, err := set.GetPayment(ctx, payments.GetPayment{Actor: lie, PaymentID: "p"}); err != nil || p.ID != "p" {
			t.Errorf("GetPayment: %+v, %v", p, err)
		}
		if p, err := set.FindPayment(ctx, payments.FindPayment{Actor: lie, PurchaseID: "x"}); err != nil || p.PurchaseID != "x" {
			t.Errorf("FindPayment: %+v, %v", p, err)
		}
		if p, err := set.Reconcile(ctx, payments.Reconcile{Actor: lie, PaymentID: "p"}); err != nil || p.ID != "p" {
			t.Errorf("Reconcile: %+v, %v", p, err)
		}
		if !slices.Equal(svc.actors, []payments.Actor{want, want, want}) {
			t.Errorf("with the token of %s the actors were %+v", token, svc.actors)
		}
	}
}

func TestNobodyGetsInWithoutAToken(t *testing.T) {
	svc, set, _ := newSet()
	ctx := auth.WithPrincipal(t.Context(), auth.Principal{UserID: "forged", Roles: []string{auth.RoleAdmin}})
	_, get := set.GetPayment(ctx, payments.GetPayment{PaymentID: "p"})
	_, find := set.FindPayment(ctx, payments.FindPayment{PurchaseID: "x"})
	_, reconcile := set.Reconcile(ctx, payments.Reconcile{PaymentID: "p"})
	for name, err := range map[string]error{"GetPayment": get, "FindPayment": find, "Reconcile": reconcile} {
		if errs.ClassOf(err) != errs.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(svc.actors) != 0 {
		t.Errorf("the service was asked by %+v", svc.actors)
	}
}

func TestMessagesAndWebhooksNeedNoToken(t *testing.T) {
	svc, set, names := newSet()
	err := errors.Join(
		set.AcceptPurchase(t.Context(), payments.AcceptPurchase{}),
		set.CancelPurchase(t.Context(), payments.CancelPurchase{}),
		set.HandleWebhook(t.Context(), payments.HandleWebhook{}),
	)
	if err != nil || svc.calls != 3 {
		t.Errorf("%d calls, %v", svc.calls, err)
	}
	if err := set.RequestRefund(t.Context(), payments.RequestRefund{}); !errors.Is(err, payments.ErrNotRefundable) {
		t.Errorf("the service's error became %v", err)
	}
	if len(*names) != 7 {
		t.Errorf("the middleware was asked for %v", *names)
	}
}
