package games_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

func TestAnotherAmountOrCurrencyIsNotGranted(t *testing.T) {
	s := open(t, games.Config{})
	p := s.buy("u", s.add("Chess", 1999).ID)
	s.meter.take()
	for _, amount := range []money.Money{{Amount: 1998, Currency: "BRL"}, {Amount: 1999, Currency: "USD"}} {
		e := paid(p)
		e.Amount = amount
		_, err := s.PaymentCompleted(t.Context(), e)
		s.fails(err, games.ErrAmountMismatch)
		s.equal("quarantined", errs.Dead, errs.SettleOf(err))
	}
	s.equal("status", games.StatusPending, s.get(p).Status)
	s.equal("metrics", map[string]int{"payment.completed refused": 2}, s.meter.take())
	if !strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("log: %s", s.log)
	}
	s.hear(s.PaymentCompleted, paid(p), games.Applied) // the message of the right amount still counts
}

func TestPendingTooLongAsksPaymentsAgain(t *testing.T) {
	s := open(t, games.Config{AskAfter: 30 * time.Second, MaxAskDelay: 100 * time.Second})
	p := s.buy("u", s.add("Chess", 1999).ID)
	first := s.records()[0].Message.ID
	sweep := func(want int) {
		t.Helper()
		n, err := s.SweepUnsettled(t.Context())
		s.ok(err)
		s.equal("asked", want, n)
	}
	s.pass(30*time.Second - 1)
	sweep(0)
	s.pass(time.Microsecond)
	sweep(1)
	sweep(0)
	records := s.records()
	if len(records) != 1 || records[0].Message.Key != "game.purchased" || records[0].Message.ID == first {
		t.Fatalf("records: %+v", records)
	}
	for _, delay := range []time.Duration{60, 100, 100, 100} { // doubled, up to the bound
		s.pass(delay*time.Second - time.Microsecond)
		sweep(0)
		s.pass(time.Microsecond)
		sweep(1)
	}
	s.equal("status", games.StatusPending, s.get(p).Status)
	s.hear(s.PaymentCompleted, paid(p), games.Applied)
	s.pass(time.Hour)
	sweep(0)
}

// TestRefundingTooLongAsksPaymentsAgain: the request, or its answer, may have ended in the
// dead letters.
func TestRefundingTooLongAsksPaymentsAgain(t *testing.T) {
	s := open(t, games.Config{AskAfter: 30 * time.Second, MaxAskDelay: 100 * time.Second})
	p := s.own("u", s.add("Chess", 1999).ID)
	s.pass(time.Hour)
	_, err := s.RequestRefund(t.Context(), games.RequestRefund{UserID: "u", PurchaseID: p.ID})
	s.ok(err)
	asked := s.records()
	request := asked[len(asked)-1].Message
	s.pass(30*time.Second - time.Microsecond)
	n, err := s.SweepUnsettled(t.Context())
	s.ok(err)
	s.equal("too early", 0, n)
	s.pass(time.Microsecond)
	n, err = s.SweepUnsettled(t.Context())
	s.ok(err)
	s.equal("asked", 1, n)
	again := s.records()
	if len(again) != 1 || again[0].Message.Key != "purchase.refund_requested" || again[0].Message.ID == request.ID {
		t.Fatalf("records: %+v", again)
	}
	sequence := func(body []byte) (e struct{ Sequence string }) {
		s.ok(json.Unmarshal(body, &e))
		return e
	}
	s.equal("the same request", sequence(request.Body), sequence(again[0].Message.Body))
	s.equal("status", games.StatusRefunding, s.get(p).Status)
	back := paid(p)
	back.MessageID = "refunded"
	s.hear(s.PaymentRefunded, back, games.Applied)
	s.pass(time.Hour)
	n, err = s.SweepUnsettled(t.Context())
	s.ok(err)
	s.equal("asked after the end", 0, n)
}

// TestTheAnswerToAnEarlierRefundIsIgnored: a repeated question may be answered late, when the
// person has asked for the money once more.
func TestTheAnswerToAnEarlierRefundIsIgnored(t *testing.T) {
	s := open(t, games.Config{})
	p := s.own("u", s.add("Chess", 1999).ID)
	ask := games.RequestRefund{UserID: "u", PurchaseID: p.ID}
	first, err := s.RequestRefund(t.Context(), ask)
	s.ok(err)
	refused := paid(p)
	refused.MessageID, refused.Reason, refused.Request = "refused", "refund_refused", first.Purchase.Version
	s.hear(s.PaymentRefundFailed, refused, games.Applied)
	second, err := s.RequestRefund(t.Context(), ask)
	s.ok(err)
	late := refused
	late.MessageID = "said again"
	s.hear(s.PaymentRefundFailed, late, games.Ignored)
	s.equal("status", games.StatusRefunding, s.get(p).Status)
	late.MessageID, late.Request = "of the second", second.Purchase.Version
	s.hear(s.PaymentRefundFailed, late, games.Applied)
}

func TestASweepTakesAllThatIsDue(t *testing.T) {
	s := open(t, games.Config{})
	for i := range 250 {
		s.buy("u", s.add("Game "+strings.Repeat("I", i%7+1), 100).ID)
	}
	s.pass(time.Minute)
	n, err := s.SweepUnsettled(t.Context())
	s.ok(err)
	s.equal("asked", 250, n)
}

func TestRefund(t *testing.T) {
	s := open(t, games.Config{RefundWindow: time.Hour})
	p := s.own("u", s.add("Chess", 1999).ID)
	s.events()
	ask := games.RequestRefund{UserID: "u", PurchaseID: p.ID}
	r, err := s.RequestRefund(t.Context(), ask)
	s.ok(err)
	s.equal("status", games.StatusRefunding, r.Purchase.Status)
	again, err := s.RequestRefund(t.Context(), ask)
	s.ok(err)
	s.equal("idempotent", r, again)
	s.equal("events", []games.EventName{games.PurchaseRefundRequested}, s.events())
	s.equal("still owned", 1, len(s.library("u")))
	s.equal("counter", int64(1), s.counter(p.GameID))

	failed := paid(p)
	failed.MessageID, failed.Reason = "no", "provider_refused"
	s.hear(s.PaymentRefundFailed, failed, games.Applied)
	s.equal("status", games.StatusCompleted, s.get(p).Status)
	s.equal("events", 0, len(s.events()))

	_, err = s.RequestRefund(t.Context(), ask)
	s.ok(err)
	s.hear(s.PaymentRefunded, with("back", paid(p)), games.Applied)
	s.equal("status", games.StatusRefunded, s.get(p).Status)
	s.equal("no longer owned", 0, len(s.library("u")))
	s.equal("counter", int64(0), s.counter(p.GameID))
	s.buy("u", p.GameID)
}

func TestTheRefundWindow(t *testing.T) {
	s := open(t, games.Config{RefundWindow: time.Hour})
	p := s.own("u", s.add("Chess", 1999).ID)
	s.pass(time.Hour + time.Microsecond)
	_, err := s.RequestRefund(t.Context(), games.RequestRefund{UserID: "u", PurchaseID: p.ID})
	s.fails(err, games.ErrRefundWindow)

	byDefault := open(t, games.Config{})
	p = byDefault.own("u", byDefault.add("Chess", 1999).ID)
	byDefault.pass(14 * 24 * time.Hour)
	_, err = byDefault.RequestRefund(t.Context(), games.RequestRefund{UserID: "u", PurchaseID: p.ID})
	byDefault.ok(err)
}

func TestADeletedGame(t *testing.T) {
	s := open(t, games.Config{})
	g := s.add("Chess", 1999)
	s.own("owner", g.ID)
	pending := s.buy("waiting", g.ID)
	s.ok(s.DeleteGame(t.Context(), games.DeleteGame{GameID: g.ID}))
	_, err := s.PurchaseGame(t.Context(), games.PurchaseGame{UserID: "new", GameID: g.ID})
	s.fails(err, games.ErrGameNotFound)
	s.equal("owners keep it", "Chess", s.library("owner")[0].Game.Name)
	s.hear(s.PaymentCompleted, paid(pending), games.Applied)
	s.equal("pending ones finish", 1, len(s.library("waiting")))
	_, err = s.GetGame(t.Context(), games.GetGame{GameID: g.ID})
	s.fails(err, games.ErrGameNotFound)
}

func TestAnUnreleasedGame(t *testing.T) {
	s := open(t, games.Config{})
	g := s.add("Chess II", 1999, func(d *games.GameDetails) { d.ReleasedAt = start.Add(time.Hour) })
	_, err := s.PurchaseGame(t.Context(), games.PurchaseGame{UserID: "u", GameID: g.ID})
	s.fails(err, games.ErrNotAvailable)
	s.pass(time.Hour)
	s.buy("u", g.ID)
}

func TestTheIndexGetsTheAbsoluteCounter(t *testing.T) {
	s := open(t, games.Config{})
	g := s.add("Chess", 1999)
	s.own("a", g.ID)
	s.own("b", g.ID)
	for range 2 { // indexing twice adds nothing
		s.ok(s.IndexGames(t.Context(), g.ID, "nobody"))
	}
	found, err := s.SearchGames(t.Context(), games.SearchQuery{Text: "chess"})
	s.ok(err)
	s.equal("purchases", int64(2), found.Games[0].Purchases)
}

func TestSomebodyElsesPurchaseIsNotFound(t *testing.T) {
	s := open(t, games.Config{})
	p := s.own("u", s.add("Chess", 1999).ID)
	_, err := s.GetPurchase(t.Context(), games.GetPurchase{UserID: "other", PurchaseID: p.ID})
	s.fails(err, games.ErrPurchaseNotFound)
	_, err = s.AwaitPurchase(t.Context(), games.AwaitPurchase{UserID: "other", PurchaseID: p.ID})
	s.fails(err, games.ErrPurchaseNotFound)
	_, err = s.CancelPurchase(t.Context(), games.CancelPurchase{UserID: "other", PurchaseID: p.ID})
	s.fails(err, games.ErrPurchaseNotFound)
	_, err = s.RequestRefund(t.Context(), games.RequestRefund{UserID: "other", PurchaseID: p.ID})
	s.fails(err, games.ErrPurchaseNotFound)
	s.equal("unchanged", p, s.get(p))
}

func TestADeletedUserIsForgotten(t *testing.T) {
	s := open(t, games.Config{})
	p := s.own("u", s.add("Chess", 1999).ID)
	pending := s.buy("u", s.add("Go", 1999).ID)
	for _, want := range []games.Outcome{games.Applied, games.Duplicate} {
		got, err := s.ForgetUser(t.Context(), games.UserEvent{MessageID: "m", UserID: "u"})
		s.ok(err)
		s.equal("outcome", want, got)
	}
	_, err := s.GetPurchase(t.Context(), games.GetPurchase{UserID: "u", PurchaseID: p.ID})
	s.fails(err, games.ErrPurchaseNotFound)
	s.hear(s.PaymentCompleted, paid(pending), games.Applied)
	s.equal("counter", int64(1), s.counter(pending.GameID))
	// An access token is good for some minutes more.
	_, err = s.PurchaseGame(t.Context(), games.PurchaseGame{UserID: "u", GameID: s.add("Whist", 100).ID, IdempotencyKey: "k"})
	s.fails(err, games.ErrNoAccount)
	s.equal("status", errs.Unauthenticated, errs.ClassOf(err))
	_, err = s.ForgetUser(t.Context(), games.UserEvent{MessageID: "m"})
	s.equal("an event without a user", errs.Dead, errs.SettleOf(err))
}

func (s *store) library(userID string) []games.OwnedGame {
	s.Helper()
	page, err := s.Library(s.Context(), games.MyPage{UserID: userID})
	s.ok(err)
	return page.Items
}
