package flow_test

import (
	"errors"
	"sync"
	"testing"

	"gamestore.example/games"
	"gamestore.example/payments"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
	"gamestore.example/test/flow"
)

// A second purchase of a game gets the way to the first, whatever its key, while that
// is pending, complete or being refunded.
func TestRule_DoubleClick(t *testing.T) {
	purchases, refunds := &valve{queue: "payments.purchases"}, &valve{queue: "payments.refunds"}
	w, _ := durable(t, purchases.in, refunds.in)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
		purchases.shut.Store(true)
		p := flow.Buy(t, d, ana, game.ID, flow.CardApproved)
		for _, key := range []string{"", "one", "two"} {
			_, err := d.Games.PurchaseGame(ana.Ctx, games.PurchaseGame{GameID: game.ID, IdempotencyKey: key})
			wantLink(t, err, games.ErrAlreadyPending, p.ID)
		}
		purchases.shut.Store(false)
		flow.Await(t, d, ana, p.ID, games.StatusCompleted)
		_, err := buy(d, ana, game.ID)
		wantLink(t, err, games.ErrAlreadyOwned, p.ID)

		refunds.shut.Store(true)
		if _, err := d.Games.RequestRefund(ana.Ctx, games.RequestRefund{PurchaseID: p.ID}); err != nil {
			t.Fatal(err)
		}
		_, err = buy(d, ana, game.ID)
		wantLink(t, err, games.ErrAlreadyOwned, p.ID)
		refunds.shut.Store(false)
		flow.Await(t, d, ana, p.ID, games.StatusRefunded)
		if again := flow.Bought(t, d, ana, game.ID); again.ID == p.ID {
			t.Error("the purchase after the refund is the old one")
		}
	})
	flow.Audit(t, w)
}

// Of many clicks at once one is accepted, and one charge is made.
func TestRule_DoubleClickStorm(t *testing.T) {
	w, _ := durable(t)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
		accepted := make(chan games.Purchase, 20)
		var clicks sync.WaitGroup
		for range cap(accepted) {
			clicks.Go(func() {
				p, err := buy(d, ana, game.ID)
				switch {
				case err == nil:
					accepted <- p
				case !errors.Is(err, games.ErrAlreadyPending) && !errors.Is(err, games.ErrAlreadyOwned):
					t.Errorf("a click: %v", err)
				}
			})
		}
		clicks.Wait()
		if len(accepted) != 1 {
			t.Fatalf("%d clicks were accepted", len(accepted))
		}
		flow.Await(t, d, ana, (<-accepted).ID, games.StatusCompleted)
		if n := counter(t, d, game.ID); n != 1 {
			t.Errorf("the game counts %d", n)
		}
	})
	flow.Audit(t, w)
}

// The price is the server's at acceptance. Whoever expects another hears the new one.
func TestRule_Price(t *testing.T) {
	purchases := &valve{queue: "payments.purchases"}
	w, _ := durable(t, purchases.in)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
		for _, expected := range []money.Money{flow.BRL(1), {Amount: 1999, Currency: "USD"}, flow.BRL(0)} {
			_, err := d.Games.PurchaseGame(ana.Ctx, games.PurchaseGame{GameID: game.ID, ExpectedPrice: &expected})
			want(t, err, games.ErrPriceChanged)
			if got := asJSON(t, errs.From(err).Details["price"]); got != `{"amount":1999,"currency":"BRL"}` {
				t.Errorf("the new price is told as %s", got)
			}
		}
		expected := flow.Price()
		purchases.shut.Store(true)
		r, err := d.Games.PurchaseGame(ana.Ctx, games.PurchaseGame{GameID: game.ID, ExpectedPrice: &expected})
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Games.UpdateGame(flow.Admin(t, d).Ctx, games.UpdateGame{GameID: game.ID, IfVersion: game.Version, GameDetails: games.GameDetails{
			Name: game.Name, Category: game.Category, Price: flow.BRL(5000), ReleasedAt: game.ReleasedAt,
		}})
		if err != nil {
			t.Fatal(err)
		}
		purchases.shut.Store(false)
		done := flow.Await(t, d, ana, r.Purchase.ID, games.StatusCompleted)
		books := charges(t, w, done.ID)
		if done.Price != flow.Price() || len(books) != 1 || books[0].Amount != flow.Price() {
			t.Errorf("bought at %v and charged %v though the price changed later", done.Price, books)
		}
	})
	flow.Audit(t, w)
}

// A free game is complete at once, tells the same events, and no provider hears of it.
func TestRule_FreeGame(t *testing.T) {
	w, _ := durable(t)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d, flow.Free)
		p, err := buy(d, ana, game.ID)
		if err != nil || p.Status != games.StatusCompleted || !flow.Owns(t, d, ana, game.ID) {
			t.Fatalf("accepted as %+v, %v", p, err)
		}
		for _, key := range []string{contractgames.KeyGamePurchased, contractgames.KeyPurchaseCompleted} {
			flow.Eventually(t, key+" is told", func() bool { return len(w.Wire.About(key, p.ID)) == 1 })
		}
		before := consumed(w, "payments.purchases", "ack")
		w.Inject(t, w.Wire.About(contractgames.KeyGamePurchased, p.ID)...)
		flow.Eventually(t, "payments has seen it again", func() bool { return consumed(w, "payments.purchases", "ack") > before })
		_, err = d.Payments.FindPayment(ana.Ctx, payments.FindPayment{PurchaseID: p.ID})
		want(t, err, payments.ErrPaymentNotFound)
		if books := charges(t, w, p.ID); len(books) != 0 {
			t.Errorf("the provider heard of it: %v", books)
		}
		r, err := d.Games.RequestRefund(ana.Ctx, games.RequestRefund{PurchaseID: p.ID})
		if err != nil || r.Purchase.Status != games.StatusRefunded || counter(t, d, game.ID) != 0 {
			t.Errorf("given back as %+v, %v", r, err)
		}
	})
	flow.Audit(t, w)
}

// A declined purchase fails with a stable reason and frees its place; the retry is a new
// purchase with a new payment.
func TestRule_Declined(t *testing.T) {
	w, _ := durable(t)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana := flow.Join(t, d, "Ana")
		for method, reason := range map[string]string{
			flow.CardDeclined: "card_declined", flow.CardNoFunds: "insufficient_funds", "tok_of_nobody": "invalid_payment_method",
		} {
			game := flow.NewGame(t, d)
			p := flow.Await(t, d, ana, flow.Buy(t, d, ana, game.ID, method).ID, games.StatusFailed)
			refused := flow.AwaitPayment(t, d, ana, p.ID, payments.Failed)
			if p.FailureReason != reason || refused.Reason != reason || flow.Owns(t, d, ana, game.ID) {
				t.Errorf("%s failed as %+v, its payment because of %q", method, p, refused.Reason)
			}
			retry := flow.Bought(t, d, ana, game.ID)
			if paid := flow.AwaitPayment(t, d, ana, retry.ID, payments.Completed); retry.ID == p.ID || paid.ID == refused.ID {
				t.Errorf("the retry is the same purchase or payment")
			}
		}
	})
	flow.Audit(t, w)
}
