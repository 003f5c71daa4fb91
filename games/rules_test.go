package games_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

// The tests of this file are named after the rules of a purchase, as far as they
// are this service's.

func TestDoubleClickGetsOnePurchase(t *testing.T) {
	s := open(t, games.Config{})
	g := s.add("Chess", 1999)
	var wg sync.WaitGroup
	failures := make([]error, 20)
	for i := range failures {
		wg.Go(func() {
			_, failures[i] = s.PurchaseGame(t.Context(), games.PurchaseGame{UserID: "u", GameID: g.ID})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range failures {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, games.ErrAlreadyPending):
			t.Error(err)
		}
	}
	s.equal("accepted", 1, won)
	s.equal("events", []games.EventName{games.GamePurchased}, s.events())
	s.equal("metrics", map[string]int{"accepted": 1}, s.meter.take())
}

func TestTheLoserGetsTheLink(t *testing.T) {
	s := open(t, games.Config{})
	p := s.buy("u", s.add("Chess", 1999).ID)
	link := map[string]any{"purchaseId": p.ID, "purchase": "/api/purchases/" + p.ID}
	again := func(want *errs.Error) {
		t.Helper()
		_, err := s.PurchaseGame(t.Context(), games.PurchaseGame{UserID: "u", GameID: p.GameID})
		s.fails(err, want)
		s.equal("details", link, errs.From(err).Details)
	}
	again(games.ErrAlreadyPending)
	s.hear(s.PaymentCompleted, paid(p), games.Applied)
	again(games.ErrAlreadyOwned)
	_, err := s.RequestRefund(t.Context(), games.RequestRefund{UserID: "u", PurchaseID: p.ID})
	s.ok(err)
	again(games.ErrAlreadyOwned)
}

func TestThePriceIsTheServersAndSnapshotted(t *testing.T) {
	s := open(t, games.Config{})
	g := s.add("Chess", 1999)
	_, err := s.PurchaseGame(t.Context(), games.PurchaseGame{UserID: "u", GameID: g.ID, ExpectedPrice: &money.Money{Amount: 1, Currency: "BRL"}})
	s.fails(err, games.ErrPriceChanged)
	s.equal("the new price", map[string]any{"price": map[string]any{"amount": int64(1999), "currency": "BRL"}}, errs.From(err).Details)
	s.equal("events", 0, len(s.events()))

	r, err := s.PurchaseGame(t.Context(), games.PurchaseGame{UserID: "u", GameID: g.ID, ExpectedPrice: &price})
	s.ok(err)
	_, err = s.UpdateGame(t.Context(), games.UpdateGame{GameID: g.ID, IfVersion: 1, GameDetails: games.GameDetails{
		Name: "Chess", Category: "strategy", Price: money.Money{Amount: 5, Currency: "USD"}, ReleasedAt: start,
	}})
	s.ok(err)
	s.equal("price", price, s.get(r.Purchase).Price)
	s.hear(s.PaymentCompleted, paid(r.Purchase), games.Applied)
}

func TestAFreeGameIsCompletedAtOnce(t *testing.T) {
	s := open(t, games.Config{})
	p := s.buy("u", s.add("Freecell", 0).ID)
	s.equal("status", games.StatusCompleted, p.Status)
	s.equal("events", []games.EventName{games.GamePurchased, games.PurchaseCompleted}, s.events())
	s.equal("counter", int64(1), s.counter(p.GameID))
	s.equal("metrics", map[string]int{"accepted": 1, "completed": 1, "completed after 0s": 1}, s.meter.take())

	r, err := s.RequestRefund(t.Context(), games.RequestRefund{UserID: "u", PurchaseID: p.ID})
	s.ok(err)
	s.equal("given back", games.StatusRefunded, r.Purchase.Status)
	s.equal("events", []games.EventName{games.PurchaseRefunded}, s.events())
	s.equal("counter", int64(0), s.counter(p.GameID))
}

func TestADeclinedPurchaseFailsAndFreesThePlace(t *testing.T) {
	s := open(t, games.Config{})
	g := s.add("Chess", 1999)
	p := s.buy("u", g.ID)
	s.events()
	s.pass(time.Second)
	s.hear(s.PaymentFailed, declined(p), games.Applied)
	failed := s.get(p)
	s.equal("status and reason", [2]string{"failed", "card_declined"}, [2]string{string(failed.Status), failed.FailureReason})
	s.equal("events", []games.EventName{games.PurchaseFailed}, s.events())
	s.equal("counter", int64(0), s.counter(g.ID))
	if again := s.own("u", g.ID); again.ID == p.ID {
		t.Error("the retry is not a new purchase")
	}
	s.equal("metrics", map[string]int{
		"accepted": 2, "failed": 1, "failed after 1s": 1, "completed": 1, "completed after 0s": 1,
		"payment.failed applied": 1, "payment.completed applied": 1,
	}, s.meter.take())
}

func TestADuplicateEventDoesNothing(t *testing.T) {
	s := open(t, games.Config{})
	p := s.own("u", s.add("Chess", 1999).ID)
	s.events()
	s.hear(s.PaymentCompleted, paid(p), games.Duplicate)              // the same message
	s.hear(s.PaymentCompleted, with("new", paid(p)), games.Duplicate) // the same fact
	s.equal("the purchase", p, s.get(p))
	s.equal("events", 0, len(s.events()))
	s.equal("counter", int64(1), s.counter(p.GameID))
}

func TestOnePaymentPaysOnePurchase(t *testing.T) {
	s := open(t, games.Config{})
	p := s.own("u", s.add("Chess", 1999).ID)
	other := s.buy("u", s.add("Go", 1999).ID)
	e := paid(other)
	e.Payment.ID = p.PaymentID
	_, err := s.PaymentCompleted(t.Context(), e)
	s.fails(err, games.ErrPaymentReused)
	s.equal("settled as", errs.Dead, errs.SettleOf(err))
	s.equal("status", games.StatusPending, s.get(other).Status)
}

func TestPaymentBeforeThePurchaseIsVisibleIsRetried(t *testing.T) {
	s := open(t, games.Config{})
	p := games.Purchase{ID: "id-0003", UserID: "u", Price: price} // as it will be
	_, err := s.PaymentCompleted(t.Context(), paid(p))
	s.fails(err, games.ErrPurchaseNotFound)
	s.equal("settled as", errs.Retry, errs.SettleOf(err))
	s.equal("the id", p.ID, s.buy("u", s.add("Chess", 1999).ID).ID)
	s.hear(s.PaymentCompleted, paid(p), games.Applied)
}

func TestFailedAfterCompletedIsIgnoredCountedAndLogged(t *testing.T) {
	s := open(t, games.Config{})
	p := s.own("u", s.add("Chess", 1999).ID)
	s.meter.take()
	s.hear(s.PaymentFailed, declined(p), games.Contradiction)
	s.equal("the purchase", p, s.get(p))
	s.equal("counter", int64(1), s.counter(p.GameID))
	s.equal("metrics", map[string]int{"payment.failed contradiction": 1}, s.meter.take())
	if log := s.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "purchase_id="+p.ID) {
		t.Errorf("log: %s", log)
	}
	s.hear(s.PaymentFailed, declined(p), games.Duplicate)
}

func TestPaidAfterCancelIsRefundedAndStaysCancelled(t *testing.T) {
	s := open(t, games.Config{})
	p := s.buy("u", s.add("Chess", 1999).ID)
	r, err := s.CancelPurchase(t.Context(), games.CancelPurchase{UserID: "u", PurchaseID: p.ID})
	s.ok(err)
	s.equal("status", games.StatusCancelled, r.Purchase.Status)
	s.equal("events", []games.EventName{games.GamePurchased, games.PurchaseCancelled}, s.events())

	s.hear(s.PaymentCompleted, paid(p), games.Applied)
	s.equal("status", games.StatusCancelled, s.get(p).Status)
	s.equal("said again, for payments to refund", []games.EventName{games.PurchaseCancelled}, s.events())
	s.hear(s.PaymentRefunded, with("back", paid(p)), games.Ignored)
	s.equal("counter", int64(0), s.counter(p.GameID))
	s.equal("metrics", map[string]int{
		"accepted": 1, "cancelled": 1, "cancelled after 0s": 1, "paid_after_cancel": 1,
		"payment.completed applied": 1, "payment.refunded ignored": 1,
	}, s.meter.take())
	s.buy("u", p.GameID) // the place is free
}

func TestOnlyAPendingPurchaseCanBeCancelled(t *testing.T) {
	s := open(t, games.Config{})
	p := s.buy("u", s.add("Chess", 1999).ID)
	cancel := games.CancelPurchase{UserID: "u", PurchaseID: p.ID}
	first, err := s.CancelPurchase(t.Context(), cancel)
	s.ok(err)
	second, err := s.CancelPurchase(t.Context(), cancel)
	s.ok(err)
	s.equal("cancelled twice", first, second)
	owned := s.own("u", p.GameID)
	_, err = s.CancelPurchase(t.Context(), games.CancelPurchase{UserID: "u", PurchaseID: owned.ID})
	s.fails(err, games.ErrNotCancellable)
}
