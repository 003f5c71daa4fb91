package payments_test

import (
	"testing"
	"time"

	"gamestore.example/payments"
	"gamestore.example/payments/paymentstest"
)

// The tests below are rows of "Rules of a purchase" that payments has to keep.

func TestRulePaidPurchaseCompletes(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	f.wantStatus("pur-1", payments.Pending, "")
	f.wantEvents()
	f.step()
	f.wantStatus("pur-1", payments.Completed, "")
	f.wantEvents("pur-1 payment.completed")
	f.wantMoney("pur-1", 1999)
	f.wantAttempts("pur-1", "1 charge charged ")
	if f.step() != 0 || f.observer.Count("moved to completed") != 1 {
		t.Error("a completed payment is driven again, or was not heard of once")
	}
}

func TestRuleDeclined(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.Decline)
	f.accept("pur-1")
	f.step()
	f.wantStatus("pur-1", payments.Failed, "card_declined")
	f.wantEvents("pur-1 payment.failed card_declined")
	f.wantMoney("pur-1", 0)
}

func TestRuleLostAnswerIsUnknownAndThenFound(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.LoseAnswer)
	f.accept("pur-1")
	f.step()
	f.wantStatus("pur-1", payments.Unknown, "")
	f.wantEvents()
	if f.after(time.Second - time.Microsecond); len(f.provider.Calls()) != 1 {
		t.Errorf("looked up before it is due: %v", f.provider.Calls())
	}
	f.after(time.Microsecond)
	f.wantStatus("pur-1", payments.Completed, "")
	f.wantEvents("pur-1 payment.completed")
	f.wantMoney("pur-1", 1999)
	f.wantAttempts("pur-1", "1 charge unknown provider_error; 2 lookup charged ")
}

func TestRuleProviderErrorChargesAgainWithTheSameKey(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.Fail)
	f.accept("pur-1")
	f.step()
	f.after(time.Second)
	f.wantStatus("pur-1", payments.Completed, "")
	f.wantMoney("pur-1", 1999)
	f.wantAttempts("pur-1", "1 charge unknown provider_error; 2 lookup not_found ; 3 charge charged ")
	if id := f.get("pur-1").ID; f.provider.Books()[id].Charges != 1 {
		t.Errorf("charged under other keys: %v", f.provider.Books())
	}
}

func TestRuleLateChargeIsFoundWithoutChargingTwice(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.Later, paymentstest.Later)
	f.accept("pur-1")
	f.step()
	f.after(time.Second) // not found, charged again with the same key, no answer
	f.wantStatus("pur-1", payments.Unknown, "")
	f.provider.Release(f.get("pur-1").ID)
	f.after(2 * time.Second)
	f.wantStatus("pur-1", payments.Completed, "")
	f.wantEvents("pur-1 payment.completed")
	f.wantMoney("pur-1", 1999)
}

func TestRuleProcessingIsLookedUpNotCharged(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.Process)
	f.provider.On(payments.KindLookup, paymentstest.Process, paymentstest.Process)
	f.accept("pur-1")
	f.step()
	f.after(time.Second)
	f.provider.Release(f.get("pur-1").ID)
	f.after(2 * time.Second)
	f.wantStatus("pur-1", payments.Completed, "")
	f.wantAttempts("pur-1", "1 charge processing ; 2 lookup processing ; 3 lookup charged ")
}

func TestRulePastTheKeyWindowQueryOnly(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.Fail)
	f.accept("pur-1")
	f.step()
	f.after(payments.KeyWindow) // nobody worked for a day
	f.wantStatus("pur-1", payments.Unknown, "")
	for range 3 {
		f.after(5 * time.Minute)
	}
	f.wantStatus("pur-1", payments.ManualReview, "not_found")
	f.wantEvents()
	f.wantMoney("pur-1", 0)
	f.wantAttempts("pur-1", "1 charge unknown provider_error; 2 lookup not_found ; 3 lookup not_found ; 4 lookup not_found ; 5 lookup not_found ")
	if f.observer.Count("moved to manual_review") != 1 {
		t.Error("nobody heard that somebody has to look")
	}
}

func TestRuleNothingFailsByTimeoutAlone(t *testing.T) {
	f := newFixture(t)
	for range 500 {
		f.provider.On(payments.KindCharge, paymentstest.Fail)
	}
	f.accept("pur-1")
	f.step()
	for range 200 {
		f.after(25 * time.Hour)
	}
	f.wantStatus("pur-1", payments.ManualReview, "not_found")
	f.wantEvents()
	p := f.get("pur-1")
	if rest := p.DueAt.Sub(f.clock.Now()); rest <= 0 || rest > 24*time.Hour {
		t.Errorf("looked up again in %v; want to be within a day", rest)
	}
}

func TestRuleManualReviewCanStillBeResolved(t *testing.T) {
	inReview := func(t *testing.T) *fixture {
		f := newFixture(t)
		f.provider.On(payments.KindCharge, paymentstest.Later, paymentstest.Later, paymentstest.Later, paymentstest.Later, paymentstest.Later)
		f.accept("pur-1")
		f.step()
		for range 4 {
			f.after(5 * time.Minute)
		}
		f.wantStatus("pur-1", payments.ManualReview, "unknown")
		return f
	}
	for name, resolve := range map[string]func(*fixture) error{
		"by a look-up, later": func(f *fixture) error { f.after(2 * time.Hour); return nil },
		"by a webhook":        func(f *fixture) error { return f.webhook("e-1", payments.WebhookCaptured, "pur-1") },
		"by hand": func(f *fixture) error {
			f.clock.Advance(time.Minute)
			_, err := f.Reconcile(f.t.Context(), payments.Reconcile{Actor: payments.Actor{Admin: true}, PaymentID: f.get("pur-1").ID})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := inReview(t)
			f.provider.Release(f.get("pur-1").ID)
			f.must(resolve(f))
			f.wantStatus("pur-1", payments.Completed, "")
			f.wantEvents("pur-1 payment.completed")
			f.wantMoney("pur-1", 1999)
		})
	}
}

func TestRuleCrashWhileChargingIsUnknown(t *testing.T) {
	for name, charged := range map[string]bool{"before the provider was called": false, "after it": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.accept("pur-1")
			lease := payments.Lease{ID: "the dead worker", Until: f.clock.Now().Add(30 * time.Second)}
			claimed, err := f.repo.Claim(t.Context(), f.clock.Now(), 1, func(p payments.Payment) (payments.Payment, error) {
				return p.Start(lease, f.clock.Now())
			})
			f.must(err)
			if charged {
				_, err := f.provider.Charge(t.Context(), payments.ChargeRequest{
					Key: claimed[0].ID, Reference: "pur-1", Amount: claimed[0].Amount,
				})
				f.must(err)
			}
			f.after(30*time.Second - time.Microsecond)
			f.wantStatus("pur-1", payments.Charging, "")
			f.after(time.Microsecond)
			f.wantStatus("pur-1", payments.Completed, "")
			f.wantEvents("pur-1 payment.completed")
			f.wantMoney("pur-1", 1999)
		})
	}
}

func TestRuleProviderDownLeavesItPending(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.NotReached, paymentstest.NotReached, paymentstest.NotReached)
	f.accept("pur-1")
	f.step()
	f.wantStatus("pur-1", payments.Pending, "")
	for n, delay := range []time.Duration{time.Second, 2 * time.Second} {
		if f.after(delay - time.Microsecond); len(f.provider.Calls()) != n+1 {
			t.Errorf("tried again before %v were over", delay)
		}
		f.after(time.Microsecond)
		f.wantStatus("pur-1", payments.Pending, "")
	}
	f.wantEvents()
	f.after(4 * time.Second)
	f.wantStatus("pur-1", payments.Completed, "")
	f.wantAttempts("pur-1", "1 charge not_charged not_reached; 2 charge not_charged not_reached; 3 charge not_charged not_reached; 4 charge charged ")
}

func TestRuleProviderDownWhileUnknownStaysUnknown(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.Fail, paymentstest.NotReached)
	f.accept("pur-1")
	f.step()
	f.after(time.Second)
	f.wantStatus("pur-1", payments.Unknown, "")
	f.after(2 * time.Second)
	f.wantStatus("pur-1", payments.Completed, "")
	f.wantMoney("pur-1", 1999)
}

func TestRuleAnOutageAloneIsNoReasonForReview(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.Fail)
	for range 20 {
		f.provider.On(payments.KindLookup, paymentstest.NotReached)
	}
	f.accept("pur-1")
	f.step()
	for range 20 {
		f.after(5 * time.Minute)
	}
	f.wantStatus("pur-1", payments.Unknown, "")
	f.after(5 * time.Minute) // the provider is back
	f.wantStatus("pur-1", payments.Completed, "")
}

// cancelWhileCharging cancels in the middle of the first charge.
func cancelWhileCharging(f *fixture) {
	f.provider.OnEnter(func(k payments.Kind, _ string) {
		if k == payments.KindCharge {
			f.cancel("pur-1")
		}
	})
	f.accept("pur-1")
	f.step()
	f.provider.OnEnter(nil)
}

func TestRuleAnotherAmountIsQuarantined(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.WrongAmount)
	f.accept("pur-1")
	f.step()
	f.wantStatus("pur-1", payments.ManualReview, "amount_mismatch")
	f.wantEvents()
	if f.observer.Count("contradicted by amount_mismatch") != 1 {
		t.Error("nobody heard of it")
	}
	f.after(time.Hour)
	f.wantStatus("pur-1", payments.ManualReview, "amount_mismatch")
}

func TestRuleTheKeyWindowBeginsWhenTheKeyIsSent(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.NotReached, paymentstest.NotReached, paymentstest.Fail)
	f.accept("pur-1")
	f.step()
	f.after(payments.KeyWindow) // the provider is down for a day
	f.after(time.Minute)        // and then answers nothing useful
	f.after(time.Second)
	f.wantStatus("pur-1", payments.Completed, "")
}

func TestRuleReviewTakesItsTime(t *testing.T) {
	cfg := testConfig()
	cfg.ReviewTries, cfg.ReviewAfter = 1, time.Minute
	f := newFixtureWith(t, cfg, nil)
	for range 20 {
		f.provider.On(payments.KindCharge, paymentstest.Fail)
	}
	f.accept("pur-1")
	f.step()
	f.after(59 * time.Second)
	f.wantStatus("pur-1", payments.Unknown, "")
	f.after(time.Minute)
	f.wantStatus("pur-1", payments.ManualReview, "unknown")
}
