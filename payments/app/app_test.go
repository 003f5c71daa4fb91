package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gamestore.example/payments"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/payments/transport/httpapi"
	"gamestore.example/pkg/auth"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
)

// eachStore runs a test on every store.
func eachStore(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("memory", func(t *testing.T) { test(t, "memory") })
	t.Run("sqlite", func(t *testing.T) { test(t, sqliteDSN(t)) })
}

// TestMethods is what becomes of a purchase with each payment method, over the bus.
func TestMethods(t *testing.T) {
	eachStore(t, func(t *testing.T, dsn string) {
		p := start(t, hasty(dsn))
		for n, tc := range []struct {
			method, key, reason string
			held                int64
		}{
			{"", contractpayments.KeyPaymentCompleted, "", 1999},
			{simulated.Approved, contractpayments.KeyPaymentCompleted, "", 1999},
			{simulated.Declined, contractpayments.KeyPaymentFailed, "card_declined", 0},
			{simulated.InsufficientFunds, contractpayments.KeyPaymentFailed, "insufficient_funds", 0},
			{"4242424242424242", contractpayments.KeyPaymentFailed, "invalid_payment_method", 0},
			{simulated.Timeout, contractpayments.KeyPaymentCompleted, "", 1999},
			{simulated.ResetAfterCharge, contractpayments.KeyPaymentCompleted, "", 1999},
		} {
			purchase := fmt.Sprintf("purchase-%d", n)
			p.purchased(purchase, tc.method)
			if e := p.wantEvent(tc.key, tc.reason); e.PurchaseID != purchase {
				t.Errorf("%q: event of %s", tc.method, e.PurchaseID)
			}
			if held, charges := p.held(purchase); held != tc.held || charges > 1 {
				t.Errorf("%q: charged %d times, the provider holds %d", tc.method, charges, held)
			}
		}
		wantNoDeadLetters(p)
		if strings.Contains(p.log.String(), "4242424242424242") {
			t.Error("a payment method is in the log")
		}
	})
}

func wantNoDeadLetters(p *running) {
	p.t.Helper()
	if dead, err := p.bus.List(p.t.Context(), 10); err != nil || len(dead) > 0 {
		p.t.Errorf("dead letters %+v, %v", dead, err)
	}
}

func TestAlwaysErrorEndsInManualReview(t *testing.T) {
	cfg := quick(sqliteDSN(t))
	cfg.Core.ReviewTries, cfg.Core.ReviewAfter = 3, 0
	p := start(t, cfg)
	ana := p.caller(p.token("ana"))
	p.purchased("purchase-1", simulated.AlwaysError)
	var got map[string]any
	eventually(t, "manual review", func() bool {
		_, got = ana.do(http.MethodGet, "/api/payments?purchase=purchase-1", "")
		return got["status"] == "manual_review"
	})
	if held, charges := p.held("purchase-1"); held != 0 || charges != 0 {
		t.Errorf("charged %d times", charges)
	}
	_, metrics := metricsOf(p)
	for _, want := range []string{
		`gamestore_payments_manual_review{service="payments"} 1`,
		`gamestore_payments_total{outcome="manual_review",service="payments"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	if !strings.Contains(p.log.String(), `"level":"ERROR","msg":"payment moved"`) {
		t.Error("nobody is told to look")
	}
}

func TestRefundAndRefusedRefund(t *testing.T) {
	eachStore(t, func(t *testing.T, dsn string) {
		p := start(t, quick(dsn))
		p.purchased("good", "")
		p.wantEvent(contractpayments.KeyPaymentCompleted, "")
		p.refundRequested("good")
		p.wantEvent(contractpayments.KeyPaymentRefunded, "")
		if held, _ := p.held("good"); held != 0 {
			t.Errorf("the provider holds %d", held)
		}
		p.purchased("bad", simulated.RefundRefused)
		p.wantEvent(contractpayments.KeyPaymentCompleted, "")
		p.refundRequested("bad")
		p.wantEvent(contractpayments.KeyPaymentRefundFailed, "refund_refused")
		if held, _ := p.held("bad"); held != 1999 {
			t.Errorf("the provider holds %d", held)
		}
		wantNoDeadLetters(p)
	})
}

func TestCancellations(t *testing.T) {
	eachStore(t, func(t *testing.T, dsn string) {
		p := start(t, hasty(dsn))
		p.purchased("paid", "")
		p.wantEvent(contractpayments.KeyPaymentCompleted, "")
		p.cancelled("paid")
		p.wantEvent(contractpayments.KeyPaymentRefunded, "")

		p.cancelled("early") // before the purchase is known: retried
		p.purchased("early", simulated.Timeout)
		// Depending on who comes first, it is refunded without or after completion.
		for m := p.nextEvent(); m.Key != contractpayments.KeyPaymentRefunded && m.Key != contractpayments.KeyPaymentFailed; {
			m = p.nextEvent()
		}
		if held, charges := p.held("early"); held != 0 || charges > 1 {
			t.Errorf("charged %d times, the provider holds %d", charges, held)
		}
		wantNoDeadLetters(p)
	})
}

func TestAFreePurchaseHasNoPayment(t *testing.T) {
	p := start(t, quick("memory"))
	p.publish(contractgames.KeyGamePurchased, contractgames.GamePurchased{
		PurchaseID: "free", GameID: "go", UserID: "ana", Price: contractMoney(0), PurchasedAt: time.Now(),
	})
	p.purchased("paid", "")
	p.wantEvent(contractpayments.KeyPaymentCompleted, "")
	p.caller(p.token("ana")).want(http.StatusNotFound, http.MethodGet, "/api/payments?purchase=free", "")
	wantNoDeadLetters(p)
}

func TestPoisonGoesToTheDeadLettersAndTheOthersFlow(t *testing.T) {
	p := start(t, quick("memory"))
	p.publish(contractgames.KeyGamePurchased, map[string]any{"purchaseId": "../x"})
	p.purchased("good", "")
	p.wantEvent(contractpayments.KeyPaymentCompleted, "")
	eventually(t, "a dead letter", func() bool {
		dead, err := p.bus.List(t.Context(), 10)
		return err == nil && len(dead) == 1 && dead[0].Reason == "invalid"
	})
}

func TestDuplicatesOfOneMessage(t *testing.T) {
	eachStore(t, func(t *testing.T, dsn string) {
		p := start(t, quick(dsn))
		for range 5 {
			p.publishAs("same", contractgames.KeyGamePurchased, contractgames.GamePurchased{
				PurchaseID: "p", GameID: "chess", UserID: "ana", Price: price(), PurchasedAt: time.Now(),
			})
		}
		p.wantEvent(contractpayments.KeyPaymentCompleted, "")
		p.purchased("next", "")
		if e := p.wantEvent(contractpayments.KeyPaymentCompleted, ""); e.PurchaseID != "next" {
			t.Error("the duplicates made another event")
		}
		if _, charges := p.held("p"); charges != 1 {
			t.Errorf("charged %d times", charges)
		}
	})
}

func TestARestartFinishesWhatWasUnderWay(t *testing.T) {
	cfg := quick(sqliteDSN(t))
	cfg.Timeout, cfg.Core.Lease = patience, 2*patience // the charge is stopped, not timed out
	cfg.Core.Grace, cfg.ChargeDelay = 0, 0
	p := start(t, cfg)
	p.purchased("p", simulated.Timeout)
	eventually(t, "the charge", func() bool { _, charges := p.held("p"); return charges == 1 })
	p.stop() // in the middle of the charge
	p = start(t, cfg)
	p.wantEvent(contractpayments.KeyPaymentCompleted, "")
	if held, charges := p.held("p"); held != 1999 || charges != 1 {
		t.Errorf("charged %d times, the provider holds %d", charges, held)
	}
}

func TestManyPurchasesAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, dsn string) {
		p := start(t, quick(dsn))
		const all = 300
		methods := []string{"", simulated.Declined, simulated.ResetAfterCharge}
		for n := range all {
			p.purchased(fmt.Sprintf("p-%d", n), methods[n%3])
		}
		got := map[string]int{}
		for range all {
			got[p.nextEvent().Key]++
		}
		if got[contractpayments.KeyPaymentCompleted] != all*2/3 || got[contractpayments.KeyPaymentFailed] != all/3 {
			t.Errorf("events %v", got)
		}
		for n := range all {
			if held, charges := p.held(fmt.Sprintf("p-%d", n)); charges > 1 || (held == 0) != (n%3 == 1) {
				t.Errorf("p-%d: charged %d times, the provider holds %d", n, charges, held)
			}
		}
	})
}

func TestTheClientIsAServiceToo(t *testing.T) {
	p := start(t, quick("memory"))
	p.purchased("p", "")
	id := p.wantEvent(contractpayments.KeyPaymentCompleted, "").PaymentID
	base, err := url.Parse(p.url)
	p.must(err)
	httpClient := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(httpClient.CloseIdleConnections)
	client, err := httpapi.NewClient(base, httpClient)
	p.must(err)
	headers, body, err := p.Simulated().Notify(t.Context(), id)
	p.must(err)
	lower := map[string]string{}
	for name, value := range headers {
		lower[strings.ToLower(name)] = value
	}
	ctx := auth.WithToken(t.Context(), p.token("ana"))
	stranger := auth.WithToken(t.Context(), p.token("eve"))
	for name, svc := range map[string]payments.Service{"http": client, "in process": p.Service()} {
		t.Run(name, func(t *testing.T) {
			got, err := svc.GetPayment(ctx, payments.GetPayment{PaymentID: id})
			if err != nil || got.ID != id || got.Status != payments.Completed || len(got.Attempts) != 1 || got.Amount.Amount != 1999 {
				t.Errorf("GetPayment: %+v, %v", got, err)
			}
			if got, err = svc.FindPayment(ctx, payments.FindPayment{PurchaseID: "p"}); err != nil || got.ID != id {
				t.Errorf("FindPayment: %+v, %v", got, err)
			}
			if got, err = svc.Reconcile(ctx, payments.Reconcile{PaymentID: id}); err != nil || got.Status != payments.Completed {
				t.Errorf("Reconcile: %+v, %v", got, err)
			}
			for call, err := range map[string]error{
				"somebody else's":   second(svc.GetPayment(stranger, payments.GetPayment{PaymentID: id})),
				"an unknown one":    second(svc.GetPayment(ctx, payments.GetPayment{PaymentID: "nobody"})),
				"a path as an id":   second(svc.GetPayment(ctx, payments.GetPayment{PaymentID: "../x"})),
				"nothing as an id":  second(svc.Reconcile(ctx, payments.Reconcile{})),
				"unknown purchases": second(svc.FindPayment(ctx, payments.FindPayment{PurchaseID: "nobody"})),
			} {
				if !errors.Is(err, payments.ErrPaymentNotFound) {
					t.Errorf("%s: %v", call, err)
				}
			}
			if err := svc.HandleWebhook(t.Context(), payments.HandleWebhook{Provider: "simulated", Headers: lower, Body: body}); err != nil {
				t.Errorf("HandleWebhook: %v", err)
			}
			if err := svc.HandleWebhook(t.Context(), payments.HandleWebhook{Provider: "simulated", Body: body}); !errors.Is(err, payments.ErrInvalidSignature) {
				t.Errorf("unsigned: %v", err)
			}
			if err := svc.HandleWebhook(t.Context(), payments.HandleWebhook{Provider: "no/body", Body: body}); !errors.Is(err, payments.ErrUnknownProvider) {
				t.Errorf("unknown provider: %v", err)
			}
		})
	}
	if err := client.AcceptPurchase(ctx, payments.AcceptPurchase{}); !errors.Is(err, httpapi.ErrNotOverHTTP) {
		t.Errorf("AcceptPurchase over HTTP: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
