package flow

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/pkg/money"
)

// Payment methods that every store under test understands.
const (
	CardApproved         = "tok_approved"
	CardDeclined         = "tok_declined"
	CardNoFunds          = "tok_insufficient_funds"
	CardTimeout          = "tok_timeout"
	CardResetAfterCharge = "tok_reset_after_charge"
	CardError            = "tok_error"
	CardRefundRefused    = "tok_refund_refused"
)

// BRL returns an amount of Brazilian reais in minor units.
func BRL(amount int64) money.Money { return money.Money{Amount: amount, Currency: "BRL"} }

// Price is what a game costs unless a test says otherwise.
func Price() money.Money { return BRL(1999) }

// NewGame adds a game to the catalogue, in a category of its own unless change says
// otherwise.
func NewGame(t testing.TB, d Driver, change ...func(*games.GameDetails)) games.Game {
	t.Helper()
	details := games.GameDetails{
		Name: "Paper Lanterns", Description: "Light them before the rain.", Category: "c-" + uuid.NewString(),
		Price: Price(), ReleasedAt: time.Date(2020, 5, 1, 0, 0, 0, 0, time.UTC),
	}
	for _, f := range change {
		f(&details)
	}
	g, err := d.Games.CreateGame(Admin(t, d).Ctx, games.CreateGame{GameDetails: details})
	if err != nil {
		t.Fatalf("create a game: %v", err)
	}
	return g
}

// Free makes a game cost nothing.
func Free(d *games.GameDetails) { d.Price.Amount = 0 }

// Buy buys a game and wants it accepted.
func Buy(t testing.TB, d Driver, p Person, gameID, method string) games.Purchase {
	t.Helper()
	r, err := d.Games.PurchaseGame(p.Ctx, games.PurchaseGame{GameID: gameID, PaymentMethod: method})
	if err != nil {
		t.Fatalf("buy with %q: %v", method, err)
	}
	return r.Purchase
}

// Await waits until the purchase has the status, or ends the test.
func Await(t testing.TB, d Driver, p Person, purchaseID string, want games.Status) games.Purchase {
	t.Helper()
	deadline := time.Now().Add(Patience)
	status := games.Status("")
	for time.Now().Before(deadline) {
		now, err := d.Games.AwaitPurchase(p.Ctx, games.AwaitPurchase{PurchaseID: purchaseID, Status: status, Wait: awaitFor(status)})
		if err != nil {
			t.Fatalf("await %s: %v", want, err)
		}
		if now.Status == want {
			return now
		}
		status = now.Status
	}
	t.Fatalf("the purchase is %s after %v, want %s", status, Patience, want)
	return games.Purchase{}
}

// awaitFor is how long one question may wait: the first one only asks.
func awaitFor(known games.Status) time.Duration {
	if known == "" {
		return 0
	}
	return 2 * time.Second
}

// Bought buys a game and waits until it is complete.
func Bought(t testing.TB, d Driver, p Person, gameID string) games.Purchase {
	t.Helper()
	return Await(t, d, p, Buy(t, d, p, gameID, CardApproved).ID, games.StatusCompleted)
}

// Refund gives a purchase back and waits until the money is back.
func Refund(t testing.TB, d Driver, p Person, purchaseID string) games.Purchase {
	t.Helper()
	if _, err := d.Games.RequestRefund(p.Ctx, games.RequestRefund{PurchaseID: purchaseID}); err != nil {
		t.Fatalf("refund: %v", err)
	}
	return Await(t, d, p, purchaseID, games.StatusRefunded)
}

// Owns reports whether the game is in the person's library.
func Owns(t testing.TB, d Driver, p Person, gameID string) bool {
	t.Helper()
	page, err := d.Games.Library(p.Ctx, games.MyPage{Limit: games.MaxLimit})
	if err != nil {
		t.Fatalf("library: %v", err)
	}
	for _, item := range page.Items {
		if item.Game.ID == gameID {
			return true
		}
	}
	return false
}

// AwaitPayment waits until the payment of a purchase has the status.
func AwaitPayment(t testing.TB, d Driver, p Person, purchaseID string, want payments.Status) payments.Payment {
	t.Helper()
	var payment payments.Payment
	reached := until(t, pollEvery, func() bool {
		var err error
		payment, err = d.Payments.FindPayment(p.Ctx, payments.FindPayment{PurchaseID: purchaseID})
		if err != nil && !errors.Is(err, payments.ErrPaymentNotFound) {
			t.Fatalf("payment: %v", err)
		}
		return payment.Status == want
	})
	if !reached {
		t.Fatalf("the payment is %q (%s) after %v, want %s", payment.Status, payment.Reason, Patience, want)
	}
	return payment
}
