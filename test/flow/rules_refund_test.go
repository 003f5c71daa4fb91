package flow_test

import (
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/payments"
	paymentsapp "gamestore.example/payments/app"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/test/flow"
)

// A refund gives back once what was captured, and the game is the person's until then.
func TestRule_Refund(t *testing.T) {
	refunds := &valve{queue: "payments.refunds"}
	w, _ := durable(t, refunds.in)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
		p := flow.Bought(t, d, ana, game.ID)
		refunds.shut.Store(true)
		for _, key := range []string{"", "key", "key", "other", ""} {
			r, err := d.Games.RequestRefund(ana.Ctx, games.RequestRefund{PurchaseID: p.ID, IdempotencyKey: key})
			if err != nil || r.Purchase.Status != games.StatusRefunding {
				t.Errorf("refund with the key %q: %+v, %v", key, r, err)
			}
		}
		if !flow.Owns(t, d, ana, game.ID) || counter(t, d, game.ID) != 1 {
			t.Error("the game is gone before the money is back")
		}
		refunds.shut.Store(false)
		flow.Await(t, d, ana, p.ID, games.StatusRefunded)
		if _, err := d.Games.RequestRefund(ana.Ctx, games.RequestRefund{PurchaseID: p.ID}); err != nil {
			t.Errorf("refund once more: %v", err)
		}
		if flow.Owns(t, d, ana, game.ID) || counter(t, d, game.ID) != 0 {
			t.Error("the game is still there")
		}
		books := charges(t, w, p.ID)
		if len(books) != 1 || len(books[0].Refunds) != 1 || books[0].Refunded() != p.Price.Amount {
			t.Errorf("the books say %+v, want one whole refund", books)
		}
	})
	flow.Audit(t, w)
}

// Only what is complete can be refunded.
func TestRule_RefundOfWhatIsNotComplete(t *testing.T) {
	purchases := &valve{queue: "payments.purchases"}
	w, _ := durable(t, purchases.in)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana := flow.Join(t, d, "Ana")
		refused := func(p games.Purchase) {
			t.Helper()
			_, err := d.Games.RequestRefund(ana.Ctx, games.RequestRefund{PurchaseID: p.ID})
			want(t, err, games.ErrNotRefundable)
			if got := errs.From(err).Details["purchaseStatus"]; got != string(p.Status) {
				t.Errorf("the status is told as %v, want %s", got, p.Status)
			}
		}
		refused(flow.Await(t, d, ana, flow.Buy(t, d, ana, flow.NewGame(t, d).ID, flow.CardDeclined).ID, games.StatusFailed))
		purchases.shut.Store(true)
		p := flow.Buy(t, d, ana, flow.NewGame(t, d).ID, flow.CardApproved)
		refused(p)
		cancelled, err := d.Games.CancelPurchase(ana.Ctx, games.CancelPurchase{PurchaseID: p.ID})
		if err != nil {
			t.Fatal(err)
		}
		refused(cancelled.Purchase)
		purchases.shut.Store(false)
	})
	flow.Audit(t, w)
}

// A refund that the provider refuses leaves the game with the person, and may be
// asked for again.
func TestRule_RefundRefused(t *testing.T) {
	w, _ := durable(t)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
		p := flow.Await(t, d, ana, flow.Buy(t, d, ana, game.ID, flow.CardRefundRefused).ID, games.StatusCompleted)
		for round := 1; round <= 2; round++ {
			if _, err := d.Games.RequestRefund(ana.Ctx, games.RequestRefund{PurchaseID: p.ID}); err != nil {
				t.Fatal(err)
			}
			back := flow.Await(t, d, ana, p.ID, games.StatusCompleted)
			payment := flow.AwaitPayment(t, d, ana, p.ID, payments.Completed)
			if back.FailureReason != "refund_refused" || payment.Reason != "refund_refused" || !flow.Owns(t, d, ana, game.ID) {
				t.Errorf("after the refusal: %+v, the payment because of %q", back, payment.Reason)
			}
			if n := len(w.Wire.About(contractgames.KeyPurchaseRefundRequested, p.ID)); n != round {
				t.Errorf("%d refunds were asked for, want %d", n, round)
			}
		}
	})
	flow.Audit(t, w)
}

// The window is 14 days from completion.
func TestRule_RefundWindow(t *testing.T) {
	w, d := durable(t)
	ana := flow.Join(t, d, "Ana")
	first, second := flow.Bought(t, d, ana, flow.NewGame(t, d).ID), flow.Bought(t, d, ana, flow.NewGame(t, d).ID)
	free, err := buy(d, ana, flow.NewGame(t, d, flow.Free).ID)
	if err != nil {
		t.Fatal(err)
	}
	const window = 14 * 24 * time.Hour
	w.Clock.Advance(window - time.Hour)
	ana = ana.Again(t, d)
	flow.Refund(t, d, ana, first.ID)
	w.Clock.Advance(2 * time.Hour)
	ana = ana.Again(t, d)
	for _, p := range []games.Purchase{second, free} {
		_, err = d.Games.RequestRefund(ana.Ctx, games.RequestRefund{PurchaseID: p.ID})
		want(t, err, games.ErrRefundWindow)
		if got := errs.From(err).Details["refundableUntil"]; got != p.CompletedAt.Add(window).Format(time.RFC3339Nano) {
			t.Errorf("the end of the window is told as %v, want 14 days after %v", got, p.CompletedAt)
		}
		if still := now(t, d, ana, p.ID); still.Status != games.StatusCompleted {
			t.Errorf("the purchase is %s", still.Status)
		}
	}
	flow.Audit(t, w)
}

// Money that is taken after a cancellation goes back, and the purchase stays cancelled.
func TestRule_PaidAfterCancel(t *testing.T) {
	ends := &valve{queue: "games.payments"}
	w, _ := durable(t, ends.in)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
		counted := w.Metric("gamestore_purchases_total", "outcome", "paid_after_cancel")
		ends.shut.Store(true) // games does not know yet
		p := flow.Buy(t, d, ana, game.ID, flow.CardApproved)
		flow.AwaitPayment(t, d, ana, p.ID, payments.Completed)
		if _, err := d.Games.CancelPurchase(ana.Ctx, games.CancelPurchase{PurchaseID: p.ID}); err != nil {
			t.Fatal(err)
		}
		ends.shut.Store(false)
		givenBack(t, w, d, ana, p)
		flow.Eventually(t, "the payment after the cancellation is counted", func() bool {
			return w.Metric("gamestore_purchases_total", "outcome", "paid_after_cancel") > counted
		})
	})
	flow.Audit(t, w)
}

// The same when nobody knows yet whether the money is taken.
func TestRule_CancelledWhileCharging(t *testing.T) {
	const delay = time.Hour // the provider charges when the test says so
	w, d := durable(t, func(o *flow.Options) {
		o.Payments = func(c *paymentsapp.Config) { c.ChargeDelay = delay }
	})
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	p := flow.Buy(t, d, ana, game.ID, flow.CardTimeout)
	flow.AwaitPayment(t, d, ana, p.ID, payments.Unknown)
	if _, err := d.Games.CancelPurchase(ana.Ctx, games.CancelPurchase{PurchaseID: p.ID}); err != nil {
		t.Fatal(err)
	}
	flow.Eventually(t, "payments knows of the cancellation", func() bool { return consumed(w, "payments.cancellations", "ack") > 0 })
	w.Clock.Advance(delay)
	ana = ana.Again(t, d)
	givenBack(t, w, d, ana, p)
	if n := len(w.Wire.About(contractpayments.KeyPaymentCompleted, p.ID)); n != 0 {
		t.Error("payments told of a payment that it was to give back by itself")
	}
	flow.Audit(t, w)
}

// The same when payments never heard of the cancellation: games says it again.
func TestRule_PaidAfterCancelThatWasLost(t *testing.T) {
	purchases := &valve{queue: "payments.purchases"}
	w, d := durable(t, purchases.in)
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	w.Wire.Rule(losingFirst(contractgames.KeyPurchaseCancelled))
	purchases.shut.Store(true)
	p := flow.Buy(t, d, ana, game.ID, flow.CardApproved)
	if _, err := d.Games.CancelPurchase(ana.Ctx, games.CancelPurchase{PurchaseID: p.ID}); err != nil {
		t.Fatal(err)
	}
	purchases.shut.Store(false)
	givenBack(t, w, d, ana, p)
	if n := len(w.Wire.About(contractgames.KeyPurchaseCancelled, p.ID)); n < 2 {
		t.Errorf("the cancellation was said %d times, want it again after the payment", n)
	}
	if n := w.Metric("gamestore_purchases_total", "outcome", "paid_after_cancel"); n == 0 {
		t.Error("the payment after the cancellation is not counted")
	}
	flow.Audit(t, w)
}

// The same when payments hears of the cancellation before the purchase.
func TestRule_CancelledBeforePaymentsKnows(t *testing.T) {
	purchases := &valve{queue: "payments.purchases"}
	w, d := durable(t, purchases.in)
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	purchases.shut.Store(true)
	p := flow.Buy(t, d, ana, game.ID, flow.CardApproved)
	if _, err := d.Games.CancelPurchase(ana.Ctx, games.CancelPurchase{PurchaseID: p.ID}); err != nil {
		t.Fatal(err)
	}
	flow.Eventually(t, "the cancellation came too soon", func() bool { return consumed(w, "payments.cancellations", "retry") > 0 })
	purchases.shut.Store(false)
	flow.Audit(t, w)
	if still := now(t, d, ana, p.ID); still.Status != games.StatusCancelled || flow.Owns(t, d, ana, game.ID) {
		t.Errorf("the purchase is %s", still.Status)
	}
}

// givenBack wants the money of a cancelled purchase taken once and given back.
func givenBack(t *testing.T, w *flow.World, d flow.Driver, p flow.Person, cancelled games.Purchase) {
	t.Helper()
	flow.AwaitPayment(t, d, p, cancelled.ID, payments.Refunded)
	books := charges(t, w, cancelled.ID)
	if len(books) != 1 || books[0].Charges != 1 || books[0].Held() != 0 {
		t.Errorf("the books say %+v, want it charged once and given back", books)
	}
	if still := now(t, d, p, cancelled.ID); still.Status != games.StatusCancelled || flow.Owns(t, d, p, cancelled.GameID) {
		t.Errorf("the purchase is %s", still.Status)
	}
	flow.Refund(t, d, p, flow.Bought(t, d, p, cancelled.GameID).ID) // the place is free
}
