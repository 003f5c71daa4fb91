package gamestest

import (
	"context"
	"strings"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
)

func (s *searchSuite) findsText() {
	s.put(
		aGame("hollow", texts("Hollow Kingdom", "rpg", "A knight walks under the earth.")),
		aGame("holiday", texts("Holiday Park", "simulation", "Build rides and sell lemonade.")),
		aGame("lantern", texts("Lantern Keeper", "puzzle", "Light a hollow mountain, room by room.")),
		aGame("acai", texts("Açaí Café", "simulation", "Sirva a região inteira.")),
		aGame("numbers", texts("Orbit 2048", "puzzle", "")),
		aGame("greek", texts("Οδύσσεια", "rpg", "")),
	)
	for text, want := range map[string][]string{
		// Words, whatever their case and accents.
		"kingdom":           {"hollow"},
		"HOLLOW":            {"hollow", "lantern"},
		"simulation":        {"holiday", "acai"},
		"lemonade":          {"holiday"},
		"acai cafe":         {"acai"},
		"AÇAÍ":              {"acai"},
		"Cafe\u0301 REGIAO": {"acai"},
		"2048":              {"numbers"},
		"οδυσσεια":          {"greek"},
		"  hollow,kingdom!": {"hollow"},
		// Prefixes, of every word.
		"hol":       {"hollow", "holiday", "lantern"},
		"h":         {"hollow", "holiday", "lantern"},
		"ki ho":     {"hollow"},
		"lemo rid":  {"holiday"},
		"simul caf": {"acai"},
		"kingdoms!": {"hollow"}, // a letter too many is a typo, not a prefix
		// One typo from four letters on.
		"parl":    {"holiday"},
		"holow":   {"hollow", "lantern"},
		"hallow":  {"hollow", "lantern"},
		"holllow": {"hollow", "lantern"},
		"hollwo":  {"hollow", "lantern"},
		"ollow":   {"hollow", "lantern"},
		"hxllxw":  {},
		// Two from eight on.
		"smiulaton": {"holiday", "acai"},
		"lemanadee": {"holiday"},
		"lxmxnxde":  {},
		// None below.
		"rpq": {},
		// All words must match, each in its own way and place.
		"hollow kingdom":      {"hollow"},
		"kingdom hollow":      {"hollow"},
		"hollow lemonade":     {},
		"hollow zzzzzz":       {},
		"rpg knight hol":      {"hollow"},
		"lantarn mou puzzle":  {"lantern"},
		"hollow HOLLOW hollo": {"hollow", "lantern"},
	} {
		s.wantFound(text, want...)
	}
}

func (s *searchSuite) ranksText() {
	s.put(
		aGame("in-name", texts("Strategy of Kings", "puzzle", "Chess, nearly.")),
		aGame("in-category", texts("Iron Frontier", "strategy", "Tanks cross a river.")),
		aGame("in-description", texts("Quiet Fields", "simulation", "A farm with deep strategy.")),

		aGame("word", texts("Race of Moths", "sports", "")),
		aGame("prefix", texts("Racecourse Owner", "sports", "")),
		aGame("typo", texts("Rice Garden", "sports", "")),

		aGame("whole-name", texts("Comet", "arcade", "")),
		aGame("more-words", texts("Comet Harbour Nights", "arcade", ""), func(g *games.Game) { g.Purchases = 1000 }),

		aGame("two-in-name", texts("Silent Orchard", "horror", "")),
		aGame("one-in-name", texts("Silent Ship", "horror", "An orchard in space.")),
		aGame("none-in-name", texts("Deep Night", "horror", "A silent orchard.")),

		aGame("tie-b", texts("Velvet", "arcade", "")),
		aGame("tie-c", texts("Velvet", "arcade", "")),
		aGame("tie-a", texts("Velvet", "arcade", "")),
	)
	s.wantOrder("strategy", "in-name", "in-category", "in-description")
	s.wantOrder("strate", "in-name", "in-category", "in-description")
	s.wantOrder("stratgey", "in-name", "in-category", "in-description")
	s.wantOrder("race", "word", "prefix", "typo")
	s.wantOrder("comet", "whole-name", "more-words")
	s.wantOrder("silent orchard", "two-in-name", "one-in-name", "none-in-name")
	s.wantOrder("velvet", "tie-a", "tie-b", "tie-c")
}

func (s *searchSuite) findsEverything() {
	s.put(aGame("a"), aGame("b", func(g *games.Game) { g.Purchases = 5 }), aGame("c"))
	for _, text := range []string{"", " ", "\t\r\n "} {
		// Without a text, relevance means popularity.
		s.wantOrder(text, "b", "a", "c")
	}
	if r := s.search(games.SearchQuery{Sort: games.SortPriceAsc}); len(r.Games) != 3 {
		s.Errorf("sorted by price: %d games, want 3", len(r.Games))
	}
}

// oddTexts is what people and scanners type.
func oddTexts() []string {
	odd := []string{
		"+", "-", "\"", "\"unclosed", ":", "\\", "*", "hol*", "?", "~", "hol~2", "^", "hol^9", "/", "/.*/", "(", ")", "((((", "[a TO b]", "{", "}",
		"name:hollow", "+hollow -kingdom", "hollow AND", "OR", "NOT", "&&", "||", "!", "%", "_", "'", "' OR 1=1 --", "<script>", "${jndi:x}", "../../etc",
		"🎮", "🎮🎮 hollow 🎲", "👩‍👩‍👧‍👦", "the", "the of and a", "o a os as de", "\x00", "hol\x00low", "\x00\x01\x02", "\xff\xfe", "hol\xc3", "\u200b\u200d", "\u202e", "\ufeff",
		"ﷺ", "İ", "ß", "ｈｏｌ", "e\u0301\u0301\u0301\u0301", "\u0301", "星の王子", "الليل", "हिन्दी",
		strings.Repeat("a", 10_000), strings.Repeat("ab ", 3_300), strings.Repeat("\"", 10_000), strings.Repeat("é", 5_000), strings.Repeat("🎮", 2_500),
		strings.Repeat("\u0301", 5_000), strings.Repeat("ﷺ", 3_000),
	}
	var different strings.Builder
	for r := 'a'; different.Len() < 10_000; r++ {
		different.WriteString("word" + string(r) + " ")
	}
	return append(odd, different.String())
}

func (s *searchSuite) takesAnyText() {
	s.put(aGame("hollow", texts("Hollow Kingdom", "rpg", "The knight.")), aGame("odd", texts("🎮 +-\"*\\ \x00 \xff", "rpg", strings.Repeat("é ", 2000))))
	for _, text := range oddTexts() {
		for _, q := range []games.SearchQuery{
			{Text: text, Sort: games.SortRelevance, Limit: 10},
			{Text: text, Sort: games.SortPriceAsc, Category: text, Limit: 10},
		} {
			_, err := s.h.Search.Search(s.Context(), q)
			if err != nil && errs.ClassOf(err) != errs.Invalid {
				s.Errorf("text %.40q: %v", text, err)
			}
		}
	}
	s.wantFound("hollow", "hollow")
	if _, err := s.h.Search.Search(s.Context(), games.SearchQuery{Sort: "nonsense", Limit: 10}); errs.ClassOf(err) != errs.Invalid {
		s.Errorf("an unknown sort: %v, want an Invalid error", err)
	}
}

func (s *searchSuite) returnsWhatWasPut() {
	want := aGame("full", texts("Açaí \"Café\" 🎮", "rpg", strings.Repeat("Ünïcode <&> \n", 300)), func(g *games.Game) {
		g.Price.Amount, g.Purchases, g.Version, g.Revision = 1<<53-1, 1<<40, 7, 1<<41
		g.ReleasedAt = g.ReleasedAt.AddDate(0, 0, 1).Add(123456000)
	})
	bare := games.Game{ID: "bare", Revision: 1}
	s.put(want, bare)
	r := s.search(games.SearchQuery{Text: "acai"})
	if diff := cmp.Diff([]games.Game{want}, r.Games); diff != "" {
		s.Errorf("-want +got\n%s", diff)
	}
	r = s.search(games.SearchQuery{Sort: games.SortPriceAsc})
	if diff := cmp.Diff([]games.Game{bare, want}, r.Games); diff != "" {
		s.Errorf("-want +got\n%s", diff)
	}
}

func (s *searchSuite) cancels() {
	s.put(aGame("hollow"))
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if err := s.h.Search.Put(ctx, aGame("late")); err == nil {
		s.Error("Put with an ended context succeeds")
	}
	if _, err := s.h.Search.Search(ctx, games.SearchQuery{Text: "hollow", Limit: 10}); err == nil {
		s.Error("Search with an ended context succeeds")
	}
	if _, err := s.h.Search.Count(ctx); err == nil {
		s.Error("Count with an ended context succeeds")
	}
	err := s.h.Search.Rebuild(ctx, func(yield func(games.Game) error) error { return yield(aGame("late")) })
	if err == nil {
		s.Error("Rebuild with an ended context succeeds")
	}
	s.refresh()
	s.wantFound("hollow", "hollow")
}
