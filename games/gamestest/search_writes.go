package gamestest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/games"
)

func (s *searchSuite) skipsStale() {
	s.put(aGame("g", revision(5), texts("Five", "puzzle", "")))
	s.put(aGame("g", revision(4), texts("Four", "puzzle", "")))
	s.put(aGame("g", revision(5), texts("Another Five", "puzzle", "")))
	s.wantOrder("", "g")
	s.wantFound("five", "g")
	s.wantFound("another")
	s.wantFound("four")

	s.put(aGame("g", revision(6), texts("Six", "racing", "")))
	s.wantFound("six", "g")
	s.wantFound("five")
	s.wantFacets(games.Facet{Category: "racing", Count: 1})

	// In one call the highest revision wins, wherever it stands.
	s.put(aGame("h", revision(2), texts("Second", "puzzle", "")), aGame("h", revision(3), texts("Third", "puzzle", "")), aGame("h", revision(1)))
	s.wantFound("third", "h")
	s.wantFound("second")
	s.wantCount(2)
	s.put() // nothing
}

func (s *searchSuite) wantFacets(want ...games.Facet) {
	s.Helper()
	if diff := cmp.Diff(want, s.search(games.SearchQuery{}).Facets, equateEmpty); diff != "" {
		s.Errorf("facets: -want +got\n%s", diff)
	}
}

func (s *searchSuite) deletes() {
	s.wantCount(0)
	s.put(aGame("a", texts("Moon", "puzzle", "")), aGame("b", texts("Moon", "racing", "")))
	s.wantCount(2)

	s.put(aGame("a", revision(3), deleted, texts("Moon", "puzzle", "")))
	s.wantFound("moon", "b")
	s.wantOrder("", "b")
	s.wantFacets(games.Facet{Category: "racing", Count: 1})
	s.wantCount(1)

	// What was late stays late.
	s.put(aGame("a", revision(2), texts("Moon", "puzzle", "")))
	s.put(aGame("a", revision(3), texts("Moon", "puzzle", "")))
	s.wantFound("moon", "b")
	s.wantCount(1)

	// A delete may come before everything else.
	s.put(aGame("c", revision(9), deleted))
	s.put(aGame("c", revision(8), texts("Moon", "puzzle", "")))
	s.wantFound("moon", "b")
	s.wantCount(1)

	s.put(aGame("a", revision(4), texts("Moon", "puzzle", "")))
	s.wantFound("moon", "a", "b")
	s.wantCount(2)
}

// rebuilds uses the index from within the source of a Rebuild: nothing is left to chance.
func (s *searchSuite) rebuilds() {
	s.put(aGame("gone"), aGame("kept", texts("Old Name", "puzzle", "")))
	err := s.h.Search.Rebuild(s.Context(), func(yield func(games.Game) error) error {
		if err := yield(aGame("kept", revision(2), texts("New Name", "racing", ""))); err != nil {
			return err
		}
		s.wantFound("old", "kept") // the old index answers
		s.wantCount(2)
		s.put(aGame("added"))
		s.put(aGame("changed", revision(7), texts("Changed", "puzzle", "")))
		s.put(aGame("deleted", revision(7), deleted))
		s.put(aGame("kept", revision(1)))
		s.wantFound("changed", "changed") // puts show at once
		for _, g := range []games.Game{aGame("changed", revision(6), texts("Stale", "puzzle", "")), aGame("deleted", revision(6)), aGame("kept", revision(1))} {
			if err := yield(g); err != nil {
				return err
			}
		}
		s.wantOrder("", "added", "changed", "gone", "kept")
		return nil
	})
	if err != nil {
		s.Fatalf("Rebuild: %v", err)
	}
	s.refresh()
	s.wantOrder("", "added", "changed", "kept")
	s.wantFound("name", "kept")
	s.wantFound("new", "kept")
	s.wantFound("old")
	s.wantFound("stale")
	s.wantCount(3)

	s.put(aGame("deleted", revision(5)))
	s.wantCount(3)
	if err := s.h.Search.Rebuild(s.Context(), func(func(games.Game) error) error { return nil }); err != nil {
		s.Fatalf("Rebuild from nothing: %v", err)
	}
	s.refresh()
	s.wantCount(0)
	s.put(aGame("after"))
	s.wantOrder("", "after")
}

func (s *searchSuite) survivesFailedRebuild() {
	s.put(aGame("old"))
	boom := errors.New("the source is down")
	err := s.h.Search.Rebuild(s.Context(), func(yield func(games.Game) error) error {
		if err := yield(aGame("new")); err != nil {
			return err
		}
		s.put(aGame("meanwhile"))
		return boom
	})
	if !errors.Is(err, boom) {
		s.Errorf("Rebuild = %v, want the source's error", err)
	}
	s.refresh()
	s.wantOrder("", "meanwhile", "old")
	s.put(aGame("after"))
	s.wantCount(3)
}

func (s *searchSuite) rebuildsUnderPuts() {
	const writers, each = 4, 30
	source := numbered("source", 50)
	s.put(source...)
	var wg sync.WaitGroup
	begun := make(chan struct{})
	for w := range writers {
		wg.Go(func() {
			<-begun
			for i := range each {
				if err := s.h.Search.Put(s.Context(), aGame(fmt.Sprintf("w%d-%02d", w, i))); err != nil {
					s.Errorf("Put: %v", err)
				}
			}
		})
	}
	err := s.h.Search.Rebuild(s.Context(), func(yield func(games.Game) error) error {
		close(begun)
		for _, g := range source {
			if err := yield(g); err != nil {
				return err
			}
			if _, err := s.h.Search.Search(s.Context(), games.SearchQuery{Text: "common", Limit: 5}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.Fatalf("Rebuild: %v", err)
	}
	wg.Wait()
	s.refresh()
	s.wantCount(writers*each + int64(len(source)))
}

func (s *searchSuite) concurrent() {
	const readers, ngames = 3, 20
	steps := []int{1, 3, 7, 9, 11, 13} // prime to ngames: each writer has an order of its own
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for w, step := range steps {
		writing.Go(func() {
			for i := range ngames {
				id := fmt.Sprintf("g%02d", i*step%ngames)
				g := aGame(id, revision(int64(w+1)), texts(fmt.Sprintf("Common %d", w), "puzzle", ""))
				if err := s.h.Search.Put(s.Context(), g); err != nil {
					s.Errorf("Put: %v", err)
				}
			}
		})
	}
	for range readers {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				r, err := s.h.Search.Search(s.Context(), games.SearchQuery{Text: "comon", Sort: games.SortNewest, Limit: 50})
				if err != nil {
					s.Errorf("Search: %v", err)
					return
				}
				if got := ids(r.Games); len(slices.Compact(got)) != len(r.Games) {
					s.Errorf("a game twice on one page: %v", got)
				}
				if _, err := s.h.Search.Count(s.Context()); err != nil {
					s.Errorf("Count: %v", err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	s.refresh()
	r := s.search(games.SearchQuery{Text: fmt.Sprint(len(steps) - 1), Sort: games.SortNewest})
	if len(r.Games) != ngames {
		s.Errorf("%d games have the highest revision, want %d", len(r.Games), ngames)
	}
	s.wantCount(ngames)
}
