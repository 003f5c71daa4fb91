package payments_test

import (
	"testing"
	"time"

	"gamestore.example/payments"
	"gamestore.example/payments/paymentstest"
	"gamestore.example/pkg/errs"
)

// The tests below are rows of "Rules of a purchase" that payments has to keep.

func TestRuleRefund(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	f.step()
	f.published()
	f.requestRefund("pur-1")
	f.wantStatus("pur-1", payments.Refunding, "")
	f.requestRefund("pur-1") // asked twice
	f.step()
	f.wantStatus("pur-1", payments.Refunded, "")
	f.wantMoney("pur-1", 0)
	f.wantEvents("pur-1 payment.refunded")
	f.requestRefund("pur-1")
	f.wantEvents("pur-1 payment.refunded") // said again
	if calls := f.provider.Calls(); len(calls) != 2 {
		t.Errorf("calls %v", calls)
	}
}

func TestRuleRefundWhoseEndIsUnknownIsTriedAgain(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindRefund, paymentstest.LoseAnswer, paymentstest.Fail, paymentstest.NotReached)
	f.accept("pur-1")
	f.step()
	f.requestRefund("pur-1")
	f.step()
	f.wantStatus("pur-1", payments.Refunding, "")
	f.after(time.Second)
	f.after(2 * time.Second)
	f.wantStatus("pur-1", payments.Refunding, "")
	f.after(4 * time.Second)
	f.wantStatus("pur-1", payments.Refunded, "")
	f.wantMoney("pur-1", 0)
}

func TestRuleRefusedRefundGoesBackToCompleted(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindRefund, paymentstest.Decline)
	f.accept("pur-1")
	f.step()
	f.published()
	f.requestRefund("pur-1")
	f.step()
	f.wantStatus("pur-1", payments.Completed, "refund_refused")
	f.wantEvents("pur-1 payment.refund_failed refund_refused")
	f.wantMoney("pur-1", 1999)
	if f.observer.Count("complete again") != 1 {
		t.Error("nobody heard of it")
	}
	f.requestRefund("pur-1") // wanted again
	f.step()
	f.wantStatus("pur-1", payments.Refunded, "")
	f.wantMoney("pur-1", 0)
}

// TestRuleARefusedRefundIsNotTriedAgainByRepetition: the purchase asks again when it heard no
// answer. It gets the same one, and only another request makes another refund.
func TestRuleARefusedRefundIsNotTriedAgainByRepetition(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindRefund, paymentstest.Decline)
	f.accept("pur-1")
	f.step()
	ask := func(request int64) {
		t.Helper()
		f.must(f.RequestRefund(t.Context(), payments.RequestRefund{
			MessageID: f.message(), PurchaseID: "pur-1", Amount: paymentstest.BRL(1999), Request: request,
		}))
	}
	ask(3)
	f.step()
	f.wantStatus("pur-1", payments.Completed, "refund_refused")
	for _, request := range []int64{3, 2, 3} { // the same, and one that comes late
		f.published()
		ask(request)
		f.step()
		f.wantStatus("pur-1", payments.Completed, "refund_refused")
		f.wantEvents("pur-1 payment.refund_failed refund_refused")
		f.wantMoney("pur-1", 1999)
	}
	ask(5)
	f.step()
	f.wantStatus("pur-1", payments.Refunded, "")
	f.wantMoney("pur-1", 0)
	f.published()
	ask(5)
	f.wantEvents("pur-1 payment.refunded")
}

func TestRuleRefundOfWhatIsNotPaidIsRetried(t *testing.T) {
	f := newFixture(t)
	cmd := payments.RequestRefund{MessageID: "m-1", PurchaseID: "pur-1", Amount: paymentstest.BRL(1999)}
	wantError(t, f.RequestRefund(t.Context(), cmd), payments.ErrPaymentNotFound)
	f.accept("pur-1")
	err := f.RequestRefund(t.Context(), cmd)
	wantError(t, err, payments.ErrNotRefundable)
	if errs.SettleOf(err) != errs.Retry {
		t.Errorf("settled as %v", errs.SettleOf(err))
	}
	f.step()
	f.must(f.RequestRefund(t.Context(), cmd))
	f.wantStatus("pur-1", payments.Refunding, "")
}

func TestRuleRefundOfAnotherAmountIsPoison(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	f.step()
	err := f.RequestRefund(t.Context(), payments.RequestRefund{MessageID: "m-1", PurchaseID: "pur-1", Amount: paymentstest.BRL(2000)})
	wantError(t, err, payments.ErrPurchaseMismatch)
	f.wantStatus("pur-1", payments.Completed, "")
}
