package gamestest

import (
	"context"
	"errors"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

func testAccept(t *testing.T, s *suite) {
	s.create(game("chess"))
	up, err := s.Repository.AcceptPurchase(t.Context(), "chess", games.IdempotencyKey{}, func(g games.Game) (games.Change, error) {
		s.equal("the game to buy", game("chess"), g)
		return buy("p1", "u1", start)(g)
	})
	s.ok(err)
	want := games.Purchase{
		ID: "p1", UserID: "u1", GameID: "chess", Price: price, PaymentMethod: "tok_approved", Status: games.StatusPending,
		Version: 1, CreatedAt: start, UpdatedAt: start, AskAt: start.Add(time.Minute),
	}
	s.equal("the answer", games.Update{Change: games.Change{
		Purchase: want, Outcome: games.Applied, Events: up.Events,
	}}, up)
	s.equal("the stored purchase", want, s.purchase("p1"))
	events := s.events()
	s.equal("the stored events", up.Events, events)
	s.equal("the game stays", game("chess"), s.game("chess"))
	_, err = s.Repository.Purchase(t.Context(), "p2")
	s.fails(err, games.ErrPurchaseNotFound)

	later := start.Add(time.Second)
	completed := s.update("p1", complete("pay-1", later))
	s.equal("the completed purchase", completed, s.purchase("p1"))
	if !completed.CompletedAt.Equal(later) || completed.PaymentID != "pay-1" {
		t.Errorf("got %+v", completed)
	}
	s.pending("p2", "u2", "chess", start)
	s.equal("the failed purchase", s.update("p2", fail(later)), s.purchase("p2"))
}

func testAcceptErrors(t *testing.T, s *suite) {
	refused := errors.New("no")
	_, err := s.Repository.AcceptPurchase(t.Context(), "chess", games.IdempotencyKey{}, nil)
	s.fails(err, games.ErrGameNotFound)

	gone := game("chess")
	gone.Deleted = true
	s.create(gone)
	_, err = s.Repository.AcceptPurchase(t.Context(), "chess", games.IdempotencyKey{}, func(g games.Game) (games.Change, error) {
		s.equal("decide sees a deleted game", true, g.Deleted)
		return games.Change{}, refused
	})
	s.fails(err, refused)
	s.wantEvents()
	_, err = s.Repository.UpdatePurchase(t.Context(), "p1", games.Cause{}, games.IdempotencyKey{}, nil)
	s.fails(err, games.ErrPurchaseNotFound)
}

func testOneActive(t *testing.T, s *suite) {
	s.create(game("chess"), game("go"))
	s.pending("p1", "u1", "chess", start)
	again := func(id string, want *errs.Error) {
		t.Helper()
		s.events()
		_, err := s.Repository.AcceptPurchase(t.Context(), "chess", games.IdempotencyKey{}, buy(id, "u1", start))
		s.fails(err, want)
		s.equal("the way to the active purchase", map[string]any{"purchaseId": "p1", "purchase": "/api/purchases/p1"}, errs.From(err).Details)
		_, err = s.Repository.Purchase(t.Context(), id)
		s.fails(err, games.ErrPurchaseNotFound)
		s.wantEvents()
	}
	again("p2", games.ErrAlreadyPending)
	s.pending("p3", "u2", "chess", start)
	s.pending("p4", "u1", "go", start)
	s.update("p1", complete("pay-1", start))
	again("p5", games.ErrAlreadyOwned)
	s.update("p1", refund(start))
	again("p6", games.ErrAlreadyOwned)
	s.update("p1", refunded(start))
	s.pending("p7", "u1", "chess", start)
	s.update("p7", fail(start))
	s.pending("p8", "u1", "chess", start)
	s.update("p8", func(p games.Purchase) (games.Change, error) { c, err := p.Cancel(start); return stamped(c), err })
	s.pending("p9", "u1", "chess", start)
}

func testCounter(t *testing.T, s *suite) {
	free := game("free")
	free.Price = money.Money{Currency: "BRL"}
	s.create(game("chess"), free)
	counter := func(what, id string, purchases, revision int64) {
		t.Helper()
		g := s.game(id)
		s.equal(what, [3]int64{purchases, revision, 1}, [3]int64{g.Purchases, g.Revision, g.Version})
	}
	s.pending("p1", "u1", "chess", start)
	counter("accepted", "chess", 0, 1)
	s.update("p1", complete("pay-1", start))
	counter("completed", "chess", 1, 2)
	s.update("p1", complete("pay-1", start))
	counter("completed twice", "chess", 1, 2)
	s.update("p1", refund(start))
	counter("refunding", "chess", 1, 2)
	s.update("p1", refunded(start))
	counter("refunded", "chess", 0, 3)
	s.pending("p2", "u1", "chess", start)
	s.update("p2", fail(start))
	counter("failed", "chess", 0, 3)

	s.events()
	s.pending("p3", "u1", "free", start)
	counter("a free game", "free", 1, 2)
	s.wantEvents(games.GamePurchased, games.PurchaseCompleted)
}

func testInbox(t *testing.T, s *suite) {
	s.create(game("chess"))
	apply := func(m string, decide func(games.Purchase) (games.Change, error)) (games.Update, error) {
		return s.Repository.UpdatePurchase(t.Context(), "p1", message(m), games.IdempotencyKey{}, decide)
	}
	_, err := apply("m1", nil)
	s.fails(err, games.ErrPurchaseNotFound)
	s.pending("p1", "u1", "chess", start)
	refused := errors.New("no")
	_, err = apply("m1", func(games.Purchase) (games.Change, error) { return games.Change{}, refused })
	s.fails(err, refused)
	s.events()

	up, err := apply("m1", complete("pay-1", start)) // a message that failed before is new
	s.ok(err)
	s.equal("first", games.Applied, up.Outcome)
	s.wantEvents(games.PurchaseCompleted)
	up, err = apply("m1", refund(start)) // whatever is decided, the message was seen
	s.ok(err)
	s.equal("second", games.Duplicate, up.Outcome)
	s.equal("still", games.StatusCompleted, s.purchase("p1").Status)
	s.wantEvents()

	up, err = apply("m2", fail(start))
	s.ok(err)
	s.equal("a contradiction", games.Contradiction, up.Outcome)
	up, err = apply("m2", refund(start))
	s.ok(err)
	s.equal("is remembered too", games.Duplicate, up.Outcome)
	up, err = s.Repository.UpdatePurchase(t.Context(), "p1", games.Cause{Consumer: "another", MessageID: "m1"}, games.IdempotencyKey{}, refund(start))
	s.ok(err)
	s.equal("another consumer", games.Applied, up.Outcome)
}

func testPaymentReused(t *testing.T, s *suite) {
	s.create(game("chess"))
	s.pending("p1", "u1", "chess", start)
	s.pending("p2", "u2", "chess", start)
	s.update("p1", complete("pay-1", start))
	s.events()
	_, err := s.Repository.UpdatePurchase(t.Context(), "p2", message("m1"), games.IdempotencyKey{}, complete("pay-1", start))
	s.fails(err, games.ErrPaymentReused)
	s.equal("not granted", games.StatusPending, s.purchase("p2").Status)
	s.equal("counter", int64(1), s.game("chess").Purchases)
	s.wantEvents()
	up, err := s.Repository.UpdatePurchase(t.Context(), "p2", message("m1"), games.IdempotencyKey{}, complete("pay-2", start))
	s.ok(err)
	s.equal("the message counts as new", games.Applied, up.Outcome)
}

func testRollback(t *testing.T, s *suite) {
	s.create(game("chess"))
	s.pending("p1", "u1", "chess", start)
	s.events()
	ctx, key := failEncode(t.Context()), games.IdempotencyKey{UserID: "u2", Operation: "purchase", Key: "k", Fingerprint: "f", At: start}

	_, err := s.Repository.AcceptPurchase(ctx, "chess", key, buy("p2", "u2", start))
	s.fails(err, errEncode)
	_, err = s.Repository.UpdatePurchase(ctx, "p1", message("m1"), games.IdempotencyKey{}, complete("pay-1", start))
	s.fails(err, errEncode)
	_, err = s.Repository.UpdateGame(ctx, "chess", func(g games.Game) (games.Game, []games.Event, error) {
		return g.Delete(start), []games.Event{{ID: "e", Name: games.GameDeleted}}, nil
	})
	s.fails(err, errEncode)
	_, err = s.Repository.AskUnsettled(ctx, start.Add(time.Hour), 10, func(p games.Purchase) games.Change { return stamped(p.Ask(start, start.Add(time.Hour))) })
	s.fails(err, errEncode)

	s.wantEvents()
	s.equal("the game", game("chess"), s.game("chess"))
	s.equal("the pending purchase", int64(1), s.purchase("p1").Version)
	s.equal("not asked", 0, s.purchase("p1").Asked)
	_, err = s.Repository.Purchase(t.Context(), "p2")
	s.fails(err, games.ErrPurchaseNotFound)
	up, err := s.Repository.AcceptPurchase(t.Context(), "chess", key, buy("p2", "u2", start))
	s.ok(err)
	s.equal("replayed", false, up.Replayed)
	up, err = s.Repository.UpdatePurchase(t.Context(), "p1", message("m1"), games.IdempotencyKey{}, complete("pay-1", start))
	s.ok(err)
	s.equal("the message counts as new", games.Applied, up.Outcome)
	s.equal("counter", int64(1), s.game("chess").Purchases)
}

func testEndedContext(t *testing.T, s *suite) {
	s.create(game("chess"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Repository.AcceptPurchase(ctx, "chess", games.IdempotencyKey{}, buy("p1", "u1", start))
	s.fails(err, context.Canceled)
	_, err = s.Repository.Game(ctx, "chess")
	s.fails(err, context.Canceled)
	_, err = s.Repository.Purchase(t.Context(), "p1")
	s.fails(err, games.ErrPurchaseNotFound)
	s.wantEvents()
}
