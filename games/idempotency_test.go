package games_test

import (
	"strings"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

func TestTheSameKeyReplaysTheAnswer(t *testing.T) {
	s := open(t, games.Config{})
	cmd := games.PurchaseGame{UserID: "u", GameID: s.add("Chess", 1999).ID, PaymentMethod: "tok_approved", ExpectedPrice: &price, IdempotencyKey: "k"}
	first, err := s.PurchaseGame(t.Context(), cmd)
	s.ok(err)
	s.hear(s.PaymentCompleted, paid(first.Purchase), games.Applied)
	s.meter.take()
	again, err := s.PurchaseGame(t.Context(), cmd)
	s.ok(err)
	s.equal("the stored answer", games.Receipt{Purchase: first.Purchase, Replayed: true}, again)
	s.equal("metrics", 0, len(s.meter.take()))

	for name, other := range map[string]func(*games.PurchaseGame){
		"game":           func(c *games.PurchaseGame) { c.GameID = s.add("Go", 1999).ID },
		"payment method": func(c *games.PurchaseGame) { c.PaymentMethod = "tok_declined" },
		"expected price": func(c *games.PurchaseGame) { c.ExpectedPrice = nil },
	} {
		c := cmd
		other(&c)
		_, err := s.PurchaseGame(t.Context(), c)
		if errs.CodeOf(err) != games.ErrKeyReused.Code {
			t.Errorf("another %s: got %v, want ErrKeyReused", name, err)
		}
	}
	s.pass(24 * time.Hour)
	_, err = s.PurchaseGame(t.Context(), cmd)
	s.fails(err, games.ErrAlreadyOwned)
}

func TestKeysOfCancelAndRefund(t *testing.T) {
	s := open(t, games.Config{})
	p := s.buy("u", s.add("Chess", 1999).ID)
	cancel := games.CancelPurchase{UserID: "u", PurchaseID: p.ID, IdempotencyKey: "k"}
	first, err := s.CancelPurchase(t.Context(), cancel)
	s.ok(err)
	again, err := s.CancelPurchase(t.Context(), cancel)
	s.ok(err)
	s.equal("cancel replayed", games.Receipt{Purchase: first.Purchase, Replayed: true}, again)

	owned := s.own("u", p.GameID)
	cancel.PurchaseID = owned.ID
	_, err = s.CancelPurchase(t.Context(), cancel)
	s.fails(err, games.ErrKeyReused)

	refund := games.RequestRefund{UserID: "u", PurchaseID: owned.ID, IdempotencyKey: "k"} // a key per route
	first, err = s.RequestRefund(t.Context(), refund)
	s.ok(err)
	s.hear(s.PaymentRefunded, with("back", paid(owned)), games.Applied)
	again, err = s.RequestRefund(t.Context(), refund)
	s.ok(err)
	s.equal("refund replayed", games.Receipt{Purchase: first.Purchase, Replayed: true}, again)
}

func TestARefusedRequestStoresNoAnswer(t *testing.T) {
	s := open(t, games.Config{})
	g := s.add("Chess", 1999)
	wrong := games.PurchaseGame{UserID: "u", GameID: g.ID, ExpectedPrice: &money.Money{Amount: 1, Currency: "BRL"}, IdempotencyKey: "k"}
	_, err := s.PurchaseGame(t.Context(), wrong)
	s.fails(err, games.ErrPriceChanged)
	wrong.ExpectedPrice = &price
	r, err := s.PurchaseGame(t.Context(), wrong)
	s.ok(err)
	s.equal("replayed", false, r.Replayed)
}

func TestOldKeysArePruned(t *testing.T) {
	s := open(t, games.Config{})
	for range 3 {
		_, err := s.PurchaseGame(t.Context(), games.PurchaseGame{UserID: "u", GameID: s.add("Chess", 1).ID, IdempotencyKey: s.newID()})
		s.ok(err)
	}
	for _, want := range []int{0, 3} {
		n, err := s.PruneKeys(t.Context())
		s.ok(err)
		s.equal("pruned", want, n)
		s.pass(games.IdempotencyTTL + time.Microsecond)
	}
}

func TestBadInputOfAPurchase(t *testing.T) {
	s := open(t, games.Config{})
	id := s.add("Chess", 1999).ID
	for name, tc := range map[string]struct {
		cmd   games.PurchaseGame
		field string
	}{
		"card number":     {games.PurchaseGame{PaymentMethod: "4111111111111111"}, "paymentMethod"},
		"long method":     {games.PurchaseGame{PaymentMethod: strings.Repeat("a", 65)}, "paymentMethod"},
		"strange method":  {games.PurchaseGame{PaymentMethod: "tok approved"}, "paymentMethod"},
		"negative price":  {games.PurchaseGame{ExpectedPrice: &money.Money{Amount: -1, Currency: "BRL"}}, "expectedPrice"},
		"no currency":     {games.PurchaseGame{ExpectedPrice: &money.Money{}}, "expectedPrice"},
		"long key":        {games.PurchaseGame{IdempotencyKey: strings.Repeat("a", 256)}, "Idempotency-Key"},
		"unprintable key": {games.PurchaseGame{IdempotencyKey: "a\nb"}, "Idempotency-Key"},
	} {
		tc.cmd.UserID, tc.cmd.GameID = "u", id
		_, err := s.PurchaseGame(t.Context(), tc.cmd)
		if e := errs.From(err); e == nil || e.Class != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Name != tc.field {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, id := range []string{"", "nobody", "../x", strings.Repeat("a", 65)} {
		_, err := s.PurchaseGame(t.Context(), games.PurchaseGame{UserID: "u", GameID: id})
		s.fails(err, games.ErrGameNotFound)
		_, err = s.CancelPurchase(t.Context(), games.CancelPurchase{UserID: "u", PurchaseID: id})
		s.fails(err, games.ErrPurchaseNotFound)
	}
	_, err := s.RequestRefund(t.Context(), games.RequestRefund{UserID: "u", PurchaseID: "x", IdempotencyKey: "ä"})
	s.equal("key of a refund", errs.Invalid, errs.ClassOf(err))
	for _, e := range []games.PaymentEvent{{}, {MessageID: "m", PurchaseID: "p"}, {MessageID: "m", Payment: games.Payment{ID: "x"}}} {
		_, err := s.PaymentCompleted(t.Context(), e)
		s.equal("a malformed event", errs.Dead, errs.SettleOf(err))
	}
}
