package gamestest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gamestore.example/games"
	"gamestore.example/pkg/money"
)

// SearchHarness is an empty index under test.
type SearchHarness struct {
	Search games.Search
	// Refresh makes what was put visible. Nil if it is visible when Put returns.
	Refresh func(ctx context.Context) error
}

// SearchFeatures declares what an adapter does differently.
type SearchFeatures struct {
	// RelevanceShifts says that a game's relevance depends on the other games. Then
	// pages by relevance are compared only while no game is added.
	RelevanceShifts bool
}

// RunSearch runs the contract of games.Search. newHarness returns a new empty index
// each time and cleans up with t.Cleanup.
func RunSearch(t *testing.T, newHarness func(t *testing.T) SearchHarness, f SearchFeatures) {
	for _, tc := range []struct {
		name string
		test func(s *searchSuite)
	}{
		{"finds words, prefixes and typos", (*searchSuite).findsText},
		{"ranks by where and how a word matches", (*searchSuite).ranksText},
		{"finds everything without a text", (*searchSuite).findsEverything},
		{"takes any text", (*searchSuite).takesAnyText},
		{"returns games as they were put", (*searchSuite).returnsWhatWasPut},
		{"filters by category, facets ignore it", (*searchSuite).filtersAndCounts},
		{"sorts with ties by id", (*searchSuite).sorts},
		{"pages through every order", (*searchSuite).pages},
		{"ends the last page without a cursor", (*searchSuite).endsPages},
		{"refuses foreign cursors", (*searchSuite).refusesCursors},
		{"skips stale revisions", (*searchSuite).skipsStale},
		{"forgets deleted games", (*searchSuite).deletes},
		{"rebuilds while it is used", (*searchSuite).rebuilds},
		{"keeps the old index when a rebuild fails", (*searchSuite).survivesFailedRebuild},
		{"loses no put during a rebuild", (*searchSuite).rebuildsUnderPuts},
		{"takes puts and searches at once", (*searchSuite).concurrent},
		{"ends when the context does", (*searchSuite).cancels},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.test(&searchSuite{T: t, h: newHarness(t), f: f})
		})
	}
}

// searchSuite is one test with its index.
type searchSuite struct {
	*testing.T
	h SearchHarness
	f SearchFeatures
}

// aGame returns a valid game, which edits then change.
func aGame(id string, edits ...func(*games.Game)) games.Game {
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	g := games.Game{
		ID: id, Name: id, Category: "puzzle", Price: money.Money{Amount: 1990, Currency: "BRL"},
		ReleasedAt: at, Version: 1, Revision: 1, CreatedAt: at, UpdatedAt: at,
	}
	for _, edit := range edits {
		edit(&g)
	}
	return g
}

// texts sets what a search looks at.
func texts(name, category, description string) func(*games.Game) {
	return func(g *games.Game) { g.Name, g.Category, g.Description = name, category, description }
}

func revision(n int64) func(*games.Game) { return func(g *games.Game) { g.Revision = n } }

func deleted(g *games.Game) { g.Deleted = true }

func (s *searchSuite) put(gs ...games.Game) {
	s.Helper()
	if err := s.h.Search.Put(s.Context(), gs...); err != nil {
		s.Fatalf("Put: %v", err)
	}
	s.refresh()
}

func (s *searchSuite) refresh() {
	s.Helper()
	if s.h.Refresh != nil {
		if err := s.h.Refresh(s.Context()); err != nil {
			s.Fatalf("Refresh: %v", err)
		}
	}
}

// search fills in a sort and a limit if q has none.
func (s *searchSuite) search(q games.SearchQuery) games.SearchResult {
	s.Helper()
	if q.Sort == "" {
		q.Sort = games.SortRelevance
	}
	if q.Limit == 0 {
		q.Limit = 100
	}
	r, err := s.h.Search.Search(s.Context(), q)
	if err != nil {
		s.Fatalf("Search(%+v): %v", q, err)
	}
	return r
}

func (s *searchSuite) find(text string) []string {
	s.Helper()
	return ids(s.search(games.SearchQuery{Text: text}).Games)
}

func ids(gs []games.Game) []string {
	out := make([]string, len(gs))
	for i, g := range gs {
		out[i] = g.ID
	}
	return out
}

// wantFound compares the games found by a text, in any order.
func (s *searchSuite) wantFound(text string, want ...string) {
	s.Helper()
	got := s.find(text)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got, equateEmpty); diff != "" {
		s.Errorf("%q finds the wrong games: -want +got\n%s", text, diff)
	}
}

// wantOrder compares the games found by a text, the best first.
func (s *searchSuite) wantOrder(text string, want ...string) {
	s.Helper()
	if diff := cmp.Diff(want, s.find(text), equateEmpty); diff != "" {
		s.Errorf("%q finds games in the wrong order: -want +got\n%s", text, diff)
	}
}

func (s *searchSuite) wantCount(want int64) {
	s.Helper()
	got, err := s.h.Search.Count(s.Context())
	if err != nil || got != want {
		s.Errorf("Count = %d, %v; want %d", got, err, want)
	}
}

// equateEmpty makes nil and empty lists equal.
var equateEmpty = cmpopts.EquateEmpty()

// numbered returns n games with different values to sort by, many of them ties.
func numbered(prefix string, n int) []games.Game {
	gs := make([]games.Game, n)
	for i := range gs {
		gs[i] = aGame(fmt.Sprintf("%s-%03d", prefix, i*7919%n), func(g *games.Game) {
			g.Name = fmt.Sprintf("Common Name %d", i%3)
			g.Category = []string{"puzzle", "racing"}[i%2]
			g.Price.Amount = int64(i % 11 * 100)
			g.Purchases = int64(i % 7)
			g.ReleasedAt = g.ReleasedAt.Add(time.Duration(i%13) * time.Hour)
		})
	}
	return gs
}
