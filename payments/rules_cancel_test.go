package payments_test

import (
	"testing"
	"time"

	"gamestore.example/payments"
	"gamestore.example/payments/paymentstest"
	"gamestore.example/pkg/errs"
)

// The tests below are rows of "Rules of a purchase" that payments has to keep.

func TestRuleCancelWhilePending(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	f.cancel("pur-1")
	f.wantStatus("pur-1", payments.Failed, "cancelled")
	f.wantEvents("pur-1 payment.failed cancelled")
	f.step()
	f.wantMoney("pur-1", 0)
	if len(f.provider.Calls()) != 0 {
		t.Errorf("the provider was called: %v", f.provider.Calls())
	}
}

func TestRuleCancelOfAnUnknownPurchaseIsRetried(t *testing.T) {
	f := newFixture(t)
	err := f.CancelPurchase(t.Context(), payments.CancelPurchase{MessageID: "m-1", PurchaseID: "pur-1"})
	wantError(t, err, payments.ErrPaymentNotFound)
	if errs.SettleOf(err) != errs.Retry {
		t.Errorf("settled as %v", errs.SettleOf(err))
	}
	f.accept("pur-1")
	f.must(f.CancelPurchase(t.Context(), payments.CancelPurchase{MessageID: "m-1", PurchaseID: "pur-1"}))
	f.wantStatus("pur-1", payments.Failed, "cancelled")
}

func TestRulePaidAfterCancelIsRefunded(t *testing.T) {
	f := newFixture(t)
	cancelWhileCharging(f)
	f.wantStatus("pur-1", payments.Refunding, "")
	f.wantEvents() // nobody is told that a cancelled purchase is paid
	f.step()
	f.wantStatus("pur-1", payments.Refunded, "")
	f.wantEvents("pur-1 payment.refunded")
	f.wantMoney("pur-1", 0)
}

func TestRuleCancelWhileChargingThatDeclinesFails(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.Decline)
	cancelWhileCharging(f)
	f.wantStatus("pur-1", payments.Failed, "card_declined")
	f.wantMoney("pur-1", 0)
}

func TestRuleCancelWhileChargingThatNeverArrivedFails(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.NotReached)
	cancelWhileCharging(f)
	f.wantStatus("pur-1", payments.Failed, "cancelled")
	f.wantEvents("pur-1 payment.failed cancelled")
}

func TestRuleCancelWhileUnknownIsNeverChargedAgain(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.Fail)
	f.accept("pur-1")
	f.step()
	f.cancel("pur-1")
	for range 4 {
		f.after(5 * time.Minute)
	}
	f.wantStatus("pur-1", payments.ManualReview, "not_found")
	f.wantMoney("pur-1", 0)
}

func TestRuleCancelDuringALookupStopsTheNextCharge(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.Fail)
	f.accept("pur-1")
	f.step()
	f.provider.OnEnter(func(k payments.Kind, _ string) {
		if k == payments.KindLookup {
			f.cancel("pur-1")
		}
	})
	f.after(time.Second)
	f.wantStatus("pur-1", payments.Unknown, "")
	f.wantMoney("pur-1", 0)
	if p := f.get("pur-1"); p.Lease.ID != "" || !p.CancelRequested {
		t.Errorf("left under lease %q, cancelled %v", p.Lease.ID, p.CancelRequested)
	}
}

func TestRuleCancelAfterLostAnswerIsRefundedOnceFound(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.LoseAnswer)
	f.accept("pur-1")
	f.step()
	f.cancel("pur-1")
	f.after(time.Second) // found
	f.step()             // refunded
	f.wantStatus("pur-1", payments.Refunded, "")
	f.wantEvents("pur-1 payment.refunded")
	f.wantMoney("pur-1", 0)
}

func TestRuleCancelAfterCompletionIsRefunded(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	f.step()
	f.cancel("pur-1")
	f.cancel("pur-1") // said again because of payment.completed
	f.step()
	f.cancel("pur-1")
	f.wantStatus("pur-1", payments.Refunded, "")
	f.wantMoney("pur-1", 0)
	f.wantEvents("pur-1 payment.completed", "pur-1 payment.refunded", "pur-1 payment.refunded")
}
