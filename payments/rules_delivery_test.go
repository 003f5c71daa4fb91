package payments_test

import (
	"context"
	"testing"

	"gamestore.example/payments"
	"gamestore.example/payments/paymentstest"
	"gamestore.example/pkg/errs"
)

// The tests below are rows of "Rules of a purchase" that payments has to keep.

func TestRuleFreeGameNeedsNoPayment(t *testing.T) {
	f := newFixture(t)
	cmd := purchased(f.message(), "pur-1")
	cmd.Amount = paymentstest.BRL(0)
	f.must(f.AcceptPurchase(t.Context(), cmd))
	if _, err := f.repo.Get(t.Context(), payments.ByPurchase("pur-1")); err == nil || f.step() != 0 {
		t.Error("a free purchase has a payment")
	}
	f.wantEvents()
}

func TestRuleDuplicateEvent(t *testing.T) {
	f := newFixture(t)
	cmd := purchased("message-x", "pur-1")
	for range 3 {
		f.must(f.AcceptPurchase(t.Context(), cmd))
		f.step()
	}
	f.wantEvents("pur-1 payment.completed")
	f.wantMoney("pur-1", 1999)
}

func TestRulePendingTooLongGetsTheEndAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		behaviour paymentstest.Behaviour
		want      []string
	}{
		"completed":   {paymentstest.Approve, []string{"pur-1 payment.completed"}},
		"failed":      {paymentstest.Decline, []string{"pur-1 payment.failed card_declined"}},
		"not decided": {paymentstest.Fail, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.provider.On(payments.KindCharge, tc.behaviour)
			f.accept("pur-1")
			f.step()
			f.published()
			f.accept("pur-1") // the sweeper asks, with an id of its own
			f.wantEvents(tc.want...)
			f.accept("pur-1")
			f.wantEvents(tc.want...)
			if len(f.provider.Calls()) != 1 {
				t.Errorf("asking called the provider: %v", f.provider.Calls())
			}
		})
	}
}

func TestRuleKnownPurchaseWithAnotherAmountIsPoison(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	cmd := purchased(f.message(), "pur-1")
	cmd.Amount = paymentstest.BRL(1)
	err := f.AcceptPurchase(t.Context(), cmd)
	wantError(t, err, payments.ErrPurchaseMismatch)
	if errs.SettleOf(err) != errs.Dead {
		t.Errorf("settled as %v", errs.SettleOf(err))
	}
}

func TestRuleFailedAfterCompletedIsIgnoredAndCounted(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	f.step()
	f.published()
	f.must(f.webhook("e-1", payments.WebhookDeclined, "pur-1"))
	f.must(f.webhook("e-1", payments.WebhookDeclined, "pur-1"))
	f.wantStatus("pur-1", payments.Completed, "")
	f.wantEvents()
	if n := f.observer.Count("contradicted by declined"); n != 1 {
		t.Errorf("heard of %d contradictions, want 1", n)
	}
	f.wantAttempts("pur-1", "1 charge charged ; 2 webhook declined card_declined")
}

func TestRuleCompletedAfterFailedIsIgnoredAndCounted(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.Decline)
	f.accept("pur-1")
	f.step()
	f.published()
	f.must(f.webhook("e-1", payments.WebhookCaptured, "pur-1"))
	f.wantStatus("pur-1", payments.Failed, "card_declined")
	f.wantEvents()
	if n := f.observer.Count("contradicted by charged"); n != 1 {
		t.Errorf("heard of %d contradictions: %+v", n, f.observer.Heard())
	}
}

func TestRuleSomebodyElsesPaymentIsNotFound(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	id := f.get("pur-1").ID
	for name, call := range map[string]func(context.Context, payments.Actor) error{
		"GetPayment": func(ctx context.Context, a payments.Actor) error {
			_, err := f.GetPayment(ctx, payments.GetPayment{Actor: a, PaymentID: id})
			return err
		},
		"FindPayment": func(ctx context.Context, a payments.Actor) error {
			_, err := f.FindPayment(ctx, payments.FindPayment{Actor: a, PurchaseID: "pur-1"})
			return err
		},
		"Reconcile": func(ctx context.Context, a payments.Actor) error {
			_, err := f.Reconcile(ctx, payments.Reconcile{Actor: a, PaymentID: id})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for actor, want := range map[payments.Actor]error{
				{UserID: buyer}: nil, {Admin: true}: nil, {UserID: "root", Admin: true}: nil,
				{UserID: "eve"}: payments.ErrPaymentNotFound, {}: payments.ErrPaymentNotFound,
			} {
				wantError(t, call(t.Context(), actor), want)
			}
		})
	}
}

func TestRulePoisonIsRefusedForGood(t *testing.T) {
	f := newFixture(t)
	bad := map[string]func(*payments.AcceptPurchase){
		"no message":       func(c *payments.AcceptPurchase) { c.MessageID = "" },
		"no purchase":      func(c *payments.AcceptPurchase) { c.PurchaseID = "" },
		"a path as id":     func(c *payments.AcceptPurchase) { c.PurchaseID = "../x" },
		"no user":          func(c *payments.AcceptPurchase) { c.UserID = "" },
		"negative":         func(c *payments.AcceptPurchase) { c.Amount.Amount = -1 },
		"huge":             func(c *payments.AcceptPurchase) { c.Amount.Amount = 1 << 60 },
		"no currency":      func(c *payments.AcceptPurchase) { c.Amount.Currency = "" },
		"a currency":       func(c *payments.AcceptPurchase) { c.Amount.Currency = "brl" },
		"an endless token": func(c *payments.AcceptPurchase) { c.Method = string(make([]byte, 300)) },
	}
	for name, change := range bad {
		cmd := purchased(f.message(), "pur-1")
		change(&cmd)
		if err := f.AcceptPurchase(t.Context(), cmd); errs.SettleOf(err) != errs.Dead {
			t.Errorf("%s: %v is settled as %v", name, err, errs.SettleOf(err))
		}
	}
	if err := f.CancelPurchase(t.Context(), payments.CancelPurchase{}); errs.SettleOf(err) != errs.Dead {
		t.Errorf("cancel: %v", err)
	}
	if err := f.RequestRefund(t.Context(), payments.RequestRefund{}); errs.SettleOf(err) != errs.Dead {
		t.Errorf("refund: %v", err)
	}
}
