package gamestest

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"

	"gamestore.example/games"
)

func (s *searchSuite) filtersAndCounts() {
	s.put(
		aGame("a", texts("Moon Farm", "simulation", "")),
		aGame("b", texts("Moon Race", "racing", "")),
		aGame("c", texts("Moon Base", "simulation", "")),
		aGame("d", texts("Sun Race", "racing", "")),
		aGame("e", texts("Moon Door", "puzzle", "")),
	)
	for _, tc := range []struct {
		text, category string
		ids            []string
		facets         []games.Facet
	}{
		{"", "", []string{"a", "b", "c", "d", "e"}, []games.Facet{{Category: "puzzle", Count: 1}, {Category: "racing", Count: 2}, {Category: "simulation", Count: 2}}},
		{"", "racing", []string{"b", "d"}, []games.Facet{{Category: "puzzle", Count: 1}, {Category: "racing", Count: 2}, {Category: "simulation", Count: 2}}},
		{"moon", "", []string{"a", "b", "c", "e"}, []games.Facet{{Category: "puzzle", Count: 1}, {Category: "racing", Count: 1}, {Category: "simulation", Count: 2}}},
		{"moon", "simulation", []string{"a", "c"}, []games.Facet{{Category: "puzzle", Count: 1}, {Category: "racing", Count: 1}, {Category: "simulation", Count: 2}}},
		{"moon", "sim", nil, []games.Facet{{Category: "puzzle", Count: 1}, {Category: "racing", Count: 1}, {Category: "simulation", Count: 2}}},
		{"nothing", "", nil, nil},
	} {
		// Facets count every match, also those beyond the page.
		r := s.search(games.SearchQuery{Text: tc.text, Category: tc.category, Limit: 1})
		slices.SortFunc(r.Facets, func(a, b games.Facet) int { return strings.Compare(a.Category, b.Category) })
		if diff := gocmp.Diff(tc.facets, r.Facets, equateEmpty); diff != "" {
			s.Errorf("facets of %q in %q: -want +got\n%s", tc.text, tc.category, diff)
		}
		got := ids(s.search(games.SearchQuery{Text: tc.text, Category: tc.category, Sort: games.SortPriceAsc}).Games)
		if diff := gocmp.Diff(tc.ids, got, equateEmpty); diff != "" {
			s.Errorf("games of %q in %q: -want +got\n%s", tc.text, tc.category, diff)
		}
	}
}

// orders returns the sorts by a field and how they compare games, ties aside.
func orders() map[games.Sort]func(a, b games.Game) int {
	return map[games.Sort]func(a, b games.Game) int{
		games.SortPriceAsc:   func(a, b games.Game) int { return cmp.Compare(a.Price.Amount, b.Price.Amount) },
		games.SortPriceDesc:  func(a, b games.Game) int { return cmp.Compare(b.Price.Amount, a.Price.Amount) },
		games.SortPopularity: func(a, b games.Game) int { return cmp.Compare(b.Purchases, a.Purchases) },
		games.SortNewest:     func(a, b games.Game) int { return b.ReleasedAt.Compare(a.ReleasedAt) },
	}
}

func (s *searchSuite) sorts() {
	all := numbered("game", 60)
	s.put(all...)
	for sort, compare := range orders() {
		for _, text := range []string{"", "common"} {
			want := slices.Clone(all)
			slices.SortFunc(want, func(a, b games.Game) int { return cmp.Or(compare(a, b), strings.Compare(a.ID, b.ID)) })
			got := s.search(games.SearchQuery{Text: text, Sort: sort})
			if diff := gocmp.Diff(ids(want), ids(got.Games)); diff != "" {
				s.Errorf("by %s with text %q: -want +got\n%s", sort, text, diff)
			}
		}
	}
}

// walk reads all pages of a query and calls between after each one.
func (s *searchSuite) walk(q games.SearchQuery, between func(page int)) []games.Game {
	s.Helper()
	var all []games.Game
	for page := 1; ; page++ {
		r := s.search(q)
		if len(r.Games) > q.Limit {
			s.Fatalf("a page of %d games, the limit is %d", len(r.Games), q.Limit)
		}
		all = append(all, r.Games...)
		if r.NextCursor == "" {
			return all
		}
		if len(r.Games) == 0 {
			s.Fatal("an empty page with a cursor")
		}
		q.Cursor = r.NextCursor
		between(page)
	}
}

func (s *searchSuite) pages() {
	old := numbered("old", 250)
	s.put(old...)
	added := 0
	add := func(page int) {
		if page > 5 {
			return // or else the pages never end
		}
		g := numbered(fmt.Sprintf("new-%03d", added), 7)
		s.put(g...)
		added++
	}
	for _, q := range []games.SearchQuery{
		{Sort: games.SortPriceAsc}, {Sort: games.SortPriceDesc}, {Sort: games.SortPopularity}, {Sort: games.SortNewest},
		{Sort: games.SortRelevance}, {Sort: games.SortRelevance, Text: "common"}, {Sort: games.SortNewest, Text: "nam comon"},
		{Sort: games.SortPriceDesc, Category: "racing"}, {Sort: games.SortRelevance, Text: "common 1", Category: "puzzle"},
	} {
		between := add
		if q.Text != "" && q.Sort == games.SortRelevance && s.f.RelevanceShifts {
			between = func(int) {}
		}
		for _, q.Limit = range []int{7, 100} {
			s.wantEachOnce(q, old, s.walk(q, between))
		}
	}
	if added == 0 {
		s.Error("no game was added between pages: the test shows nothing")
	}
}

// wantEachOnce checks that the old games of the query were each read once, and the new ones
// at most once.
func (s *searchSuite) wantEachOnce(q games.SearchQuery, old, got []games.Game) {
	s.Helper()
	times := map[string]int{}
	for _, g := range got {
		times[g.ID]++
	}
	for _, g := range old {
		wanted := (q.Category == "" || q.Category == g.Category) && (!strings.Contains(q.Text, "1") || strings.Contains(g.Name, "1"))
		if wanted && times[g.ID] != 1 {
			s.Errorf("%+v: game %s was read %d times", q, g.ID, times[g.ID])
		}
		if !wanted && times[g.ID] != 0 {
			s.Errorf("%+v: game %s does not belong here", q, g.ID)
		}
	}
	for id, n := range times {
		if n > 1 {
			s.Errorf("%+v: game %s was read %d times", q, id, n)
		}
	}
}

func (s *searchSuite) endsPages() {
	s.put(numbered("game", 10)...)
	for limit, want := range map[int][]int{3: {3, 3, 3, 1}, 5: {5, 5}, 10: {10}, 100: {10}, 1: {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}} {
		var sizes []int
		seen := 0
		q := games.SearchQuery{Sort: games.SortNewest, Limit: limit}
		for {
			r := s.search(q)
			sizes = append(sizes, len(r.Games))
			if seen += len(r.Games); r.NextCursor == "" || seen > 10 {
				break
			}
			q.Cursor = r.NextCursor
		}
		if diff := gocmp.Diff(want, sizes); diff != "" {
			s.Errorf("sizes of the pages of %d: -want +got\n%s", limit, diff)
		}
	}
}

func (s *searchSuite) refusesCursors() {
	s.put(numbered("game", 10)...)
	q := games.SearchQuery{Text: "common", Category: "racing", Sort: games.SortNewest, Limit: 2}
	good := s.search(q).NextCursor
	for _, other := range []games.SearchQuery{
		{Text: "name", Category: "racing", Sort: games.SortNewest, Limit: 2},
		{Text: "common", Category: "puzzle", Sort: games.SortNewest, Limit: 2},
		{Text: "common", Category: "racing", Sort: games.SortPriceAsc, Limit: 2},
		{Limit: 2, Sort: games.SortRelevance},
	} {
		s.wantInvalid(other, good)
	}
	for _, c := range garbageCursors(good) {
		s.wantInvalid(q, c)
	}
	q.Cursor, q.Limit = good, 3 // the size of the page may change
	if r := s.search(q); len(r.Games) != 3 {
		s.Errorf("%d games on the second page, want 3", len(r.Games))
	}
}

func (s *searchSuite) wantInvalid(q games.SearchQuery, cursor string) {
	s.Helper()
	q.Cursor = cursor
	if _, err := s.h.Search.Search(s.Context(), q); !errors.Is(err, games.ErrInvalidCursor) {
		s.Errorf("cursor %.60q for %q by %s: %v, want ErrInvalidCursor", cursor, q.Text, q.Sort, err)
	}
}

func garbageCursors(good string) []string {
	encode := base64.RawURLEncoding.EncodeToString
	garbage := []string{
		" ", "x", "null", "{}", "....", "%00", "\x00", "\xff", "🎮", "../..", "%", good + "A", good + "=", good[:len(good)-1], good[1:], good + good,
		encode([]byte("null")), encode([]byte("{}")), encode([]byte("[]")), encode([]byte(`{"q":"","p":[]}`)), encode([]byte(strings.Repeat("[", 500))),
		strings.Repeat("A", 1000), strings.Repeat("A", 1_000_000), fmt.Sprint(math.NaN()),
	}
	b, _ := base64.RawURLEncoding.DecodeString(good) // an adapter may use another encoding
	for _, damage := range [][2]string{{`"p":{`, `"p":{"x":1,`}, {`"p":`, `"x":`}, {`"k":`, `"k":1e999,"l":`}, {`"k":`, `"k":"a","l":`}} {
		if s := strings.Replace(string(b), damage[0], damage[1], 1); s != string(b) {
			garbage = append(garbage, encode([]byte(s)))
		}
	}
	return garbage
}
