package payments_test

import (
	"strings"
	"testing"

	"gamestore.example/payments"
	"gamestore.example/payments/paymentstest"
)

func TestAWebhookSettlesAChargeBeforeItsAnswer(t *testing.T) {
	for name, behaviour := range map[string]paymentstest.Behaviour{
		"and the answer says the same": paymentstest.Approve, "and the answer is lost": paymentstest.LoseAnswer,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.accept("pur-1")
			id := f.get("pur-1").ID
			// The charge happens, and its webhook is faster than its answer.
			f.provider.OnEnter(func(k payments.Kind, _ string) {
				f.provider.OnEnter(nil)
				_, err := f.provider.Charge(t.Context(), payments.ChargeRequest{Key: id, Reference: "pur-1", Amount: paymentstest.BRL(1999)})
				f.must(err)
				f.must(f.webhook("e-1", payments.WebhookCaptured, "pur-1"))
				f.provider.On(k, behaviour)
			})
			f.step()
			f.wantStatus("pur-1", payments.Completed, "")
			f.wantEvents("pur-1 payment.completed")
			f.wantMoney("pur-1", 1999)
			if f.step() != 0 || f.get("pur-1").Lease.ID != "" {
				t.Error("it is still being driven")
			}
			if got := f.attempts("pur-1"); !strings.Contains(got, "2 webhook charged") || strings.Contains(got, "charge  ") {
				t.Errorf("attempts %q", got)
			}
		})
	}
}

func TestWebhooks(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	f.step()
	f.requestRefund("pur-1")
	f.published()
	f.must(f.webhook("e-1", payments.WebhookRefunded, "pur-1"))
	f.wantStatus("pur-1", payments.Refunded, "")
	f.wantEvents("pur-1 payment.refunded")

	f.accept("pur-2")
	f.step()
	f.requestRefund("pur-2")
	f.published()
	f.must(f.webhook("e-2", payments.WebhookRefused, "pur-2"))
	f.wantStatus("pur-2", payments.Completed, "card_declined")
	f.wantEvents("pur-2 payment.refund_failed card_declined")

	f.accept("pur-3") // its charge has not begun
	f.must(f.webhook("e-3", payments.WebhookDeclined, "pur-3"))
	f.wantStatus("pur-3", payments.Pending, "")
	f.step()
	f.wantStatus("pur-3", payments.Completed, "")

	good := map[string]string{"signature": "good"}
	for name, tc := range map[string]struct {
		cmd  payments.HandleWebhook
		want error
	}{
		"unknown provider": {payments.HandleWebhook{Provider: "paypal", Headers: good, Body: []byte("e k c")}, payments.ErrUnknownProvider},
		"bad signature":    {payments.HandleWebhook{Provider: "scripted", Body: []byte("e captured id-1")}, payments.ErrInvalidSignature},
		"malformed":        {payments.HandleWebhook{Provider: "scripted", Headers: good, Body: []byte("x")}, payments.ErrMalformedWebhook},
		"bad key":          {payments.HandleWebhook{Provider: "scripted", Headers: good, Body: []byte("e captured ../x")}, payments.ErrMalformedWebhook},
		"unknown payment":  {payments.HandleWebhook{Provider: "scripted", Headers: good, Body: []byte("e captured nobody")}, payments.ErrPaymentNotFound},
		"other news":       {payments.HandleWebhook{Provider: "scripted", Headers: good, Body: []byte("e other nobody")}, nil},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, f.HandleWebhook(t.Context(), tc.cmd), tc.want) })
	}
}

func TestAWebhookOfAnotherProvidersPaymentIsNotFound(t *testing.T) {
	f := newFixture(t)
	foreign := payments.NewPayment(payments.Payment{
		ID: "pay-x", PurchaseID: "pur-1", UserID: buyer, Amount: paymentstest.BRL(1), Provider: "closed",
	}, f.clock.Now())
	_, err := f.repo.Accept(t.Context(), payments.Message{Consumer: "c", ID: "m"}, foreign, nil)
	f.must(err)
	wantError(t, f.webhook("e-1", payments.WebhookCaptured, "pur-1"), payments.ErrPaymentNotFound)
	f.step() // nobody can charge it
	f.wantStatus("pur-1", payments.Pending, "")
	f.wantAttempts("pur-1", "1 charge not_charged no_provider")
}
