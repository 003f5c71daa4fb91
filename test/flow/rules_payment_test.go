package flow_test

import (
	"slices"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/payments"
	paymentsapp "gamestore.example/payments/app"
	"gamestore.example/test/flow"
)

// A charge without an answer is unknown, never failed: it ends completed, charged once.
func TestRule_NoAnswerEndsCompleted(t *testing.T) {
	for name, rule := range map[string]struct {
		method, reason string
		timeout        time.Duration
	}{
		"provider timeout":   {flow.CardTimeout, payments.ReasonTimeout, 100 * time.Millisecond},
		"reset after charge": {flow.CardResetAfterCharge, payments.ReasonProviderError, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := durable(t, func(o *flow.Options) {
				o.Payments = func(c *paymentsapp.Config) { c.Timeout, c.Core.Lease = rule.timeout, 2*time.Minute }
			})
			w.EachDriver(t, func(t *testing.T, d flow.Driver) {
				ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
				p := flow.Await(t, d, ana, flow.Buy(t, d, ana, game.ID, rule.method).ID, games.StatusCompleted)
				payment := flow.AwaitPayment(t, d, ana, p.ID, payments.Completed)
				first := payment.Attempts[0]
				if first.Kind != payments.KindCharge || first.Outcome != payments.OutcomeUnknown || first.Reason != rule.reason {
					t.Errorf("the first attempt ended as %+v, want unknown because of %s", first, rule.reason)
				}
				if second := payment.Attempts[1]; second.Kind != payments.KindLookup {
					t.Errorf("the second attempt is a %s, want a look-up first", second.Kind)
				}
				if books := charges(t, w, p.ID); len(books) != 1 || books[0].Charges != 1 || books[0].Key != payment.ID {
					t.Errorf("the books say %+v, want one charge under the payment's id", books)
				}
			})
			flow.Audit(t, w)
		})
	}
}

// A provider that never says what happened leaves the purchase pending for a person to
// look at. Time alone fails nothing.
func TestRule_ManualReview(t *testing.T) {
	w, d := durable(t, func(o *flow.Options) {
		o.Payments = func(c *paymentsapp.Config) { c.Core.ReviewTries, c.Core.ReviewAfter = 2, 0 }
	})
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	p := flow.Buy(t, d, ana, game.ID, flow.CardError)
	payment := flow.AwaitPayment(t, d, ana, p.ID, payments.ManualReview)
	if books := charges(t, w, p.ID); len(books) != 0 {
		t.Errorf("the books say %+v", books)
	}
	for range 2 { // a person asks the provider again, which knows no more
		flow.Eventually(t, "the payment can be looked up", func() bool {
			again, err := d.Payments.Reconcile(flow.Admin(t, d).Ctx, payments.Reconcile{PaymentID: payment.ID})
			return err == nil && again.Status == payments.ManualReview
		})
	}
	flow.Eventually(t, "games has asked about it", func() bool { return w.Metric("gamestore_purchases_total", "outcome", "asked_again") > 1 })
	if still := now(t, d, ana, p.ID); still.Status != games.StatusPending {
		t.Errorf("the purchase is %s", still.Status)
	}
	_, err := buy(d, ana, game.ID)
	wantLink(t, err, games.ErrAlreadyPending, p.ID)
	flow.Audit(t, w, flow.Planted{Open: []string{p.ID}})
}

// While the provider is left alone by its breaker, purchases are accepted and wait;
// then they complete.
func TestRule_ProviderDown(t *testing.T) {
	w, d := durable(t, func(o *flow.Options) {
		o.Payments = func(c *paymentsapp.Config) { c.BreakerRatio = 0.3 }
	})
	ana := flow.Join(t, d, "Ana")
	notReached := func(p games.Purchase) bool {
		payment, err := d.Payments.FindPayment(ana.Ctx, payments.FindPayment{PurchaseID: p.ID})
		return err == nil && slices.ContainsFunc(payment.Attempts, func(a payments.Attempt) bool { return a.Reason == payments.ReasonNotReached })
	}
	var bought []games.Purchase
	for range 12 { // the breaker wants ten calls before it judges
		bought = append(bought, flow.Buy(t, d, ana, flow.NewGame(t, d).ID, flow.CardResetAfterCharge))
	}
	flow.Eventually(t, "a purchase has to wait for the provider", func() bool {
		bought = append(bought, flow.Buy(t, d, ana, flow.NewGame(t, d).ID, flow.CardResetAfterCharge))
		return slices.ContainsFunc(bought, notReached)
	})
	for _, p := range bought {
		flow.Await(t, d, ana, p.ID, games.StatusCompleted)
	}
	flow.Audit(t, w)
}

// What a provider tells by itself ends a payment, once, however often it comes.
func TestRule_LateWebhook(t *testing.T) {
	w, _ := durable(t, func(o *flow.Options) {
		o.Payments = func(c *paymentsapp.Config) { c.Core.Reconcile = payments.Backoff{First: time.Hour, Cap: time.Hour} }
	})
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
		p := flow.Buy(t, d, ana, game.ID, flow.CardTimeout)
		payment := flow.AwaitPayment(t, d, ana, p.ID, payments.Unknown)
		var call payments.HandleWebhook
		flow.Eventually(t, "the provider has charged", func() bool {
			headers, body, err := w.Provider().Notify(t.Context(), payment.ID)
			call = payments.HandleWebhook{Provider: "simulated", Headers: lowerCase(headers), Body: body}
			return err == nil
		})
		forged := call
		forged.Body = slices.Concat(call.Body, []byte(" "))
		want(t, d.Payments.HandleWebhook(t.Context(), forged), payments.ErrInvalidSignature)
		if still := now(t, d, ana, p.ID); still.Status != games.StatusPending {
			t.Errorf("a forged webhook made the purchase %s", still.Status)
		}
		for range 3 {
			if err := d.Payments.HandleWebhook(t.Context(), call); err != nil {
				t.Errorf("webhook: %v", err)
			}
		}
		flow.Await(t, d, ana, p.ID, games.StatusCompleted)
		call.Provider = "nobody"
		want(t, d.Payments.HandleWebhook(t.Context(), call), payments.ErrUnknownProvider)
	})
	flow.Audit(t, w)
}
