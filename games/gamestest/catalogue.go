package gamestest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/money"
)

func testGames(t *testing.T, s *suite) {
	g := game("chess")
	g.Description, g.Purchases = "“Schach” – 象棋 ♟ with 'quotes' and \x00", 7
	s.ok(s.Repository.CreateGame(t.Context(), g, games.Event{ID: "e1", Name: games.GameCreated, Game: g}))
	s.equal("the game", g, s.game("chess"))
	s.wantEvents(games.GameCreated)

	if err := s.Repository.CreateGame(t.Context(), g, games.Event{ID: "e2", Name: games.GameCreated}); err == nil {
		t.Error("the same id was taken twice")
	}
	s.wantEvents()
	_, err := s.Repository.Game(t.Context(), "go")
	s.fails(err, games.ErrGameNotFound)
	_, err = s.Repository.Game(t.Context(), "")
	s.fails(err, games.ErrGameNotFound)

	s.create(game("go"))
	found, err := s.Repository.Games(t.Context(), "go", "nobody", "chess", "go")
	s.ok(err)
	s.equal("games", map[string]games.Game{"chess": g, "go": game("go")}, found)
	found, err = s.Repository.Games(t.Context())
	s.ok(err)
	s.equal("no games", 0, len(found))
}

func testUpdateGame(t *testing.T, s *suite) {
	s.create(game("chess"))
	later := start.Add(time.Hour)
	details := games.GameDetails{Name: "Go", Description: "", Category: "board", Price: money.Money{Currency: "USD"}, ReleasedAt: later}
	edited, err := s.Repository.UpdateGame(t.Context(), "chess", func(g games.Game) (games.Game, []games.Event, error) {
		s.equal("the game to edit", game("chess"), g)
		g, err := g.Edit(details, later)
		return g, []games.Event{{ID: "edited", Name: games.GameUpdated, Game: g}}, err
	})
	s.ok(err)
	s.equal("the stored game", edited, s.game("chess"))
	s.equal("version and revision", [2]int64{2, 2}, [2]int64{edited.Version, edited.Revision})
	s.wantEvents(games.GameUpdated)

	refused := errors.New("no")
	_, err = s.Repository.UpdateGame(t.Context(), "chess", func(g games.Game) (games.Game, []games.Event, error) {
		return g.Delete(later), []games.Event{{ID: "deleted", Name: games.GameDeleted}}, refused
	})
	s.fails(err, refused)
	s.equal("after a refused edit", edited, s.game("chess"))
	s.wantEvents()
	_, err = s.Repository.UpdateGame(t.Context(), "go", nil)
	s.fails(err, games.ErrGameNotFound)

	deleted, err := s.Repository.UpdateGame(t.Context(), "chess", func(g games.Game) (games.Game, []games.Event, error) {
		return g.Delete(later), nil, nil
	})
	s.ok(err)
	s.equal("the deleted game", deleted, s.game("chess"))
	s.equal("deleted", true, deleted.Deleted)
}

func testSeed(t *testing.T, s *suite) {
	catalogue := []games.Game{game("a"), game("b")}
	events := []games.Event{{ID: "1", Name: games.GameCreated}, {ID: "2", Name: games.GameCreated}}
	if _, err := s.Repository.SeedGames(t.Context(), []games.Game{game("a"), game("a")}, events); err == nil {
		t.Error("a catalogue with an id twice was taken")
	}
	did, err := s.Repository.SeedGames(t.Context(), catalogue, events)
	s.ok(err)
	s.equal("seeded", true, did)
	s.wantEvents(games.GameCreated, games.GameCreated)

	_, err = s.Repository.UpdateGame(t.Context(), "a", func(g games.Game) (games.Game, []games.Event, error) { return g.Delete(start), nil, nil })
	s.ok(err)
	did, err = s.Repository.SeedGames(t.Context(), []games.Game{game("c")}, []games.Event{{ID: "3", Name: games.GameCreated}})
	s.ok(err)
	s.equal("seeded again", false, did)
	s.wantEvents()
	_, err = s.Repository.Game(t.Context(), "c")
	s.fails(err, games.ErrGameNotFound)
}

func testEachGame(t *testing.T, s *suite) {
	const n = 1201
	catalogue := make([]games.Game, n)
	for i := range catalogue {
		catalogue[i] = game(fmt.Sprintf("game-%04d", i))
		catalogue[i].Deleted = i%3 == 0
	}
	_, err := s.Repository.SeedGames(t.Context(), catalogue, nil)
	s.ok(err)
	seen := map[string]int{}
	s.ok(s.Repository.EachGame(t.Context(), func(g games.Game) error {
		seen[g.ID]++
		if seen["other"]++; seen["other"] == 2 { // a change while it runs must not block
			s.create(game("zz"))
		}
		return nil
	}))
	delete(seen, "other")
	delete(seen, "zz")
	s.equal("number of games", n, len(seen))
	stop := errors.New("stop")
	s.fails(s.Repository.EachGame(t.Context(), func(games.Game) error { return stop }), stop)
}

func testCategories(t *testing.T, s *suite) {
	facets := func() []games.Facet {
		f, err := s.Repository.Categories(t.Context())
		s.ok(err)
		return f
	}
	s.equal("of nothing", 0, len(facets()))
	puzzle := game("p")
	puzzle.Category = "puzzle"
	gone := game("gone")
	gone.Deleted = true
	_, err := s.Repository.SeedGames(t.Context(), []games.Game{game("a"), game("b"), gone}, nil)
	s.ok(err)
	s.create(puzzle)
	s.equal("after creation", []games.Facet{{Category: "puzzle", Count: 1}, {Category: "strategy", Count: 2}}, facets())

	change := func(id string, f func(games.Game) games.Game) {
		_, err := s.Repository.UpdateGame(t.Context(), id, func(g games.Game) (games.Game, []games.Event, error) { return f(g), nil, nil })
		s.ok(err)
	}
	change("a", func(g games.Game) games.Game { g.Category = "puzzle"; return g })
	s.equal("after a move", []games.Facet{{Category: "puzzle", Count: 2}, {Category: "strategy", Count: 1}}, facets())
	change("b", func(g games.Game) games.Game { return g.Delete(start) })
	s.equal("after a deletion", []games.Facet{{Category: "puzzle", Count: 2}}, facets())
	_, err = s.Repository.UpdateGame(t.Context(), "a", func(g games.Game) (games.Game, []games.Event, error) {
		return g.Delete(start), nil, errors.New("no")
	})
	if err == nil {
		t.Fatal("no error")
	}
	s.equal("after a refused deletion", []games.Facet{{Category: "puzzle", Count: 2}}, facets())
}

func testPopular(t *testing.T, s *suite) {
	add := func(id, category string, purchases int64, change func(*games.Game)) {
		g := game(id)
		g.Category, g.Purchases = category, purchases
		if change != nil {
			change(&g)
		}
		s.create(g)
	}
	add("a", "strategy", 5, nil)
	add("c", "strategy", 9, nil)
	add("b", "strategy", 9, nil)
	add("p", "puzzle", 7, nil)
	add("deleted", "strategy", 99, func(g *games.Game) { g.Deleted = true })
	add("soon", "strategy", 99, func(g *games.Game) { g.ReleasedAt = start.Add(time.Second) })
	add("today", "strategy", 1, func(g *games.Game) { g.ReleasedAt = start })

	check := func(what string, q games.PopularQuery, want ...string) {
		t.Helper()
		gs, err := s.Repository.Popular(t.Context(), q)
		s.ok(err)
		var got []string
		for _, g := range gs {
			got = append(got, g.ID)
		}
		s.equal(what, want, got)
	}
	check("all", games.PopularQuery{Now: start, Limit: 10}, "b", "c", "p", "a", "today")
	check("at most two", games.PopularQuery{Now: start, Limit: 2}, "b", "c")
	check("one category", games.PopularQuery{Now: start, Limit: 10, Category: "puzzle"}, "p")
	check("no such category", games.PopularQuery{Now: start, Limit: 10, Category: "none"})
	check("a stranger", games.PopularQuery{Now: start, Limit: 10, NotOf: "stranger"}, "b", "c", "p", "a", "today")

	s.owned("1", "u", "b", start)
	s.pending("2", "u", "c", start)
	s.owned("3", "u", "p", start)
	s.update("3", refund(start))
	s.update("3", refunded(start))
	s.pending("4", "u", "a", start)
	s.update("4", fail(start))
	check("without owned, pending and refunded", games.PopularQuery{Now: start, Limit: 10, NotOf: "u"}, "a", "today")
	s.owned("5", "other", "today", start)
	s.equal("counter", int64(2), s.game("today").Purchases)
}
