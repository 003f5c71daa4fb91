package gamestest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gamestore.example/games"
)

// testOldestPending is for repositories whose pending purchases are measured.
func testOldestPending(t *testing.T, s *suite) {
	r, ok := s.Repository.(interface {
		OldestPending(ctx context.Context) (time.Time, bool, error)
	})
	if !ok {
		t.Fatal("its pending purchases cannot be measured")
	}
	want := func(at time.Time, found bool) {
		t.Helper()
		got, ok, err := r.OldestPending(t.Context())
		s.ok(err)
		if ok != found || (found && !got.Equal(at)) {
			t.Errorf("the oldest is of %v, %v; want %v, %v", got, ok, at, found)
		}
	}
	want(time.Time{}, false)
	s.create(game("chess"), game("go"), game("whist"))
	s.pending("older", "u1", "chess", start)
	s.pending("old", "u1", "go", start.Add(time.Second))
	s.pending("back", "u1", "whist", start.Add(-time.Hour))
	want(start.Add(-time.Hour), true)
	s.update("back", complete("pay-back", start))
	s.update("back", refund(start)) // waits for payments, but is not pending
	want(start, true)
	s.update("older", fail(start))
	want(start.Add(time.Second), true)
	s.update("old", complete("pay-old", start))
	want(time.Time{}, false)
}

func testAskUnsettled(t *testing.T, s *suite) {
	s.create(game("chess"), game("go"), game("whist"))
	s.pending("old", "u1", "chess", start)
	s.pending("older", "u1", "go", start.Add(-time.Minute))
	s.pending("new", "u1", "whist", start.Add(time.Second))
	s.pending("done", "u2", "chess", start.Add(-time.Hour))
	s.update("done", complete("pay", start))
	s.pending("back", "u3", "go", start.Add(-time.Hour))
	s.update("back", complete("pay-back", start.Add(-time.Hour)))
	s.update("back", refund(start)) // due a minute later
	s.events()
	due := start.Add(time.Minute) // when "old" becomes due
	ask := func(limit int) (asked []string) {
		n, err := s.Repository.AskUnsettled(t.Context(), due, limit, func(p games.Purchase) games.Change {
			asked = append(asked, p.ID)
			return stamped(p.Ask(due.Add(time.Minute), due))
		})
		s.ok(err)
		s.equal("number", len(asked), n)
		return asked
	}
	first, second := ask(1), ask(10)
	s.equal("asked", map[string]bool{"old": true, "older": true, "back": true}, map[string]bool{first[0]: true, second[0]: true, second[1]: true})
	s.equal("asked again", 0, len(ask(10)))
	questions := map[games.EventName]int{} // of those that are due at once, any may come first
	for _, e := range s.events() {
		questions[e.Name]++
	}
	s.equal("questions", map[games.EventName]int{games.GamePurchased: 2, games.PurchaseRefundRequested: 1}, questions)
	p := s.purchase("old")
	s.equal("times asked", 1, p.Asked)
	s.equal("when to ask next", due.Add(time.Minute), p.AskAt)
	s.equal("the version stays", int64(1), p.Version)
}

func testPurchases(t *testing.T, s *suite) {
	var want []string
	for i := range 7 {
		id := fmt.Sprint("g", i)
		s.create(game(id))
		// Two at a time have the same time: the id decides.
		s.pending(fmt.Sprint("p", i), "u1", id, start.Add(time.Duration(i/2)*time.Microsecond))
		want = append([]string{fmt.Sprint("p", i)}, want...)
	}
	s.pending("other", "u2", "g0", start)
	for limit := 1; limit <= 8; limit++ {
		var got []string
		q := games.UserPage{UserID: "u1", Limit: limit}
		for {
			ps, err := s.Repository.Purchases(t.Context(), q)
			s.ok(err)
			if len(ps) == 0 {
				break
			}
			if len(ps) > limit {
				t.Fatalf("%d purchases on a page of %d", len(ps), limit)
			}
			for _, p := range ps {
				got = append(got, p.ID)
			}
			last := ps[len(ps)-1]
			s.equal("a purchase", s.purchase(last.ID), last)
			q.After = games.Position{At: last.CreatedAt, ID: last.ID}
		}
		s.equal(fmt.Sprint("pages of ", limit), want, got)
	}
}

func testLibrary(t *testing.T, s *suite) {
	for i, id := range []string{"kept", "pending", "failed", "refunding", "refunded", "deleted"} {
		at := start.Add(time.Duration(i) * time.Second)
		s.create(game(id))
		s.pending("p-"+id, "u1", id, at)
		switch id {
		case "pending":
		case "failed":
			s.update("p-"+id, fail(at))
		default:
			s.update("p-"+id, complete("pay-"+id, at))
		}
	}
	s.update("p-refunding", refund(start))
	s.update("p-refunded", refund(start))
	s.update("p-refunded", refunded(start))
	s.owned("other", "u2", "kept", start)
	_, err := s.Repository.UpdateGame(t.Context(), "deleted", func(g games.Game) (games.Game, []games.Event, error) { return g.Delete(start), nil, nil })
	s.ok(err)

	page := func(after games.Position, limit int) (owned []string, last games.OwnedGame) {
		items, err := s.Repository.Library(t.Context(), games.UserPage{UserID: "u1", After: after, Limit: limit})
		s.ok(err)
		for _, o := range items {
			owned, last = append(owned, o.Game.ID), o
		}
		return owned, last
	}
	owned, last := page(games.Position{}, 10)
	s.equal("all", []string{"deleted", "refunding", "kept"}, owned)
	s.equal("an item", games.OwnedGame{Game: s.game("kept"), Purchase: s.purchase("p-kept")}, last)
	owned, last = page(games.Position{}, 2)
	s.equal("a page", []string{"deleted", "refunding"}, owned)
	owned, _ = page(games.Position{At: last.Purchase.CreatedAt, ID: last.Purchase.ID}, 2)
	s.equal("the next page", []string{"kept"}, owned)
}

func testTastes(t *testing.T, s *suite) {
	puzzle := game("puzzle")
	puzzle.Category = "puzzle"
	s.create(puzzle, game("chess"), game("go"), game("whist"))
	s.owned("p1", "u1", "puzzle", start)
	s.owned("p2", "u1", "chess", start.Add(time.Second))
	s.pending("p3", "u1", "go", start)
	s.owned("p4", "u2", "whist", start)
	tastes := func(limit int) []games.Taste {
		ts, err := s.Repository.Tastes(t.Context(), "u1", limit)
		s.ok(err)
		return ts
	}
	newest := games.Taste{Category: "strategy", BoughtAt: start.Add(time.Second)}
	s.equal("tastes", []games.Taste{newest, {Category: "puzzle", BoughtAt: start}}, tastes(10))
	s.equal("the newest", []games.Taste{newest}, tastes(1))
}

func testForgetUser(t *testing.T, s *suite) {
	s.create(game("chess"), game("go"))
	k := key("u1", "k", "f", start)
	_, err := s.Repository.AcceptPurchase(t.Context(), "chess", k, buy("p1", "u1", start))
	s.ok(err)
	s.owned("p2", "u1", "go", start)
	s.owned("p3", "u2", "go", start)
	s.events()
	forget := func() games.Outcome {
		o, err := s.Repository.ForgetUser(t.Context(), message("m1"), "u1")
		s.ok(err)
		return o
	}
	s.equal("first", games.Applied, forget())
	_, err = s.Repository.AcceptPurchase(t.Context(), "go", games.IdempotencyKey{}, buy("p4", "u1", start))
	s.fails(err, games.ErrNoAccount)
	_, err = s.Repository.Purchase(t.Context(), "p4")
	s.fails(err, games.ErrPurchaseNotFound)
	s.equal("owner", "forgotten-p1", s.purchase("p1").UserID)
	s.equal("owner", "forgotten-p2", s.purchase("p2").UserID)
	s.equal("somebody else's", "u2", s.purchase("p3").UserID)
	ps, err := s.Repository.Purchases(t.Context(), games.UserPage{UserID: "u1", Limit: 10})
	s.ok(err)
	s.equal("purchases", 0, len(ps))
	s.equal("counter", int64(2), s.game("go").Purchases)

	// What was under way goes on.
	s.equal("completed", games.StatusCompleted, s.update("p1", complete("pay-1", start)).Status)
	_, err = s.Repository.AcceptPurchase(t.Context(), "chess", k, buy("p4", "u1", start))
	s.fails(err, games.ErrNoAccount) // the key is forgotten, too: it replays nothing
	s.equal("second", games.Duplicate, forget())
	_, err = s.Repository.AcceptPurchase(t.Context(), "chess", games.IdempotencyKey{}, buy("p5", "u2", start))
	s.ok(err)
}
