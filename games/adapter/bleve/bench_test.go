package bleve_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/games/adapter/bleve"
	"gamestore.example/pkg/money"
)

// corpus makes up n games from 30,000 words, some of them as common as in a language.
func corpus(n int) []games.Game {
	r := rand.New(rand.NewPCG(1, 2))
	syllables := strings.Fields("ka lo mi ren sta vor el dra qui zen tor bel ash fen gor hol ix jun pra sul ter und win yar")
	vocabulary := make([]string, 30_000)
	for i := range vocabulary {
		for range 1 + r.IntN(3) {
			vocabulary[i] += syllables[r.IntN(len(syllables))]
		}
		vocabulary[i] += string(rune('a' + r.IntN(26)))
	}
	common := rand.NewZipf(r, 1.1, 4, uint64(len(vocabulary)-1))
	text := func(words int) string {
		var b strings.Builder
		for range words {
			b.WriteString(vocabulary[common.Uint64()] + " ")
		}
		return strings.TrimSpace(b.String())
	}
	categories := strings.Fields("strategy rpg puzzle racing simulation platformer horror sports")
	gs := make([]games.Game, n)
	for i := range gs {
		gs[i] = games.Game{
			ID: fmt.Sprintf("game-%06d", i), Name: vocabulary[r.IntN(len(vocabulary))] + " " + text(1+r.IntN(3)), Category: categories[r.IntN(8)],
			Description: "The " + text(30+r.IntN(20)), Price: money.Money{Amount: int64(r.IntN(300)) * 100, Currency: "BRL"},
			ReleasedAt: time.Unix(1_500_000_000+int64(i)*1000, 0).UTC(), Purchases: int64(r.ExpFloat64() * 1000), Version: 1, Revision: 1,
		}
	}
	return gs
}

// built returns an index of the games, as a rebuild leaves it.
func built(b *testing.B, dir string, gs []games.Game) *bleve.Search {
	b.Helper()
	s := open(b, dir)
	if !s.NeedsRebuild() {
		return s
	}
	err := s.Rebuild(b.Context(), func(yield func(games.Game) error) error {
		for _, g := range gs {
			if err := yield(g); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// swap makes a typo: two neighbours in the wrong order.
func swap(word string) string {
	if len(word) < 5 {
		return word
	}
	return word[:2] + word[3:4] + word[2:3] + word[4:]
}

// queries are what visitors do, each with its own word or game each time.
func queries(gs []games.Game) map[string]func(i int) games.SearchQuery {
	name := func(i int) []string { return strings.Fields(gs[i*7919%len(gs)].Name) }
	text := func(s string) games.SearchQuery {
		return games.SearchQuery{Text: s, Sort: games.SortRelevance, Limit: 20}
	}
	return map[string]func(i int) games.SearchQuery{
		"name":     func(i int) games.SearchQuery { return text(strings.Join(name(i), " ")) },
		"typo":     func(i int) games.SearchQuery { return text(swap(name(i)[0])) },
		"typing":   func(i int) games.SearchQuery { n := name(i)[0]; return text(n[:1+i%min(len(n), 5)]) },
		"common":   func(int) games.SearchQuery { return text("the") },
		"sentence": func(i int) games.SearchQuery { return text(gs[i*7919%len(gs)].Description[:60]) },
		"popularity": func(i int) games.SearchQuery {
			return games.SearchQuery{Category: gs[i%8].Category, Sort: games.SortPopularity, Limit: 20}
		},
		"newest": func(int) games.SearchQuery { return games.SearchQuery{Sort: games.SortNewest, Limit: 20} },
	}
}

func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{40, 100_000} {
		gs := corpus(n)
		s := built(b, b.TempDir(), gs)
		for name, query := range queries(gs) {
			b.Run(fmt.Sprintf("games=%d/%s", n, name), func(b *testing.B) {
				measure(b, s, query)
			})
		}
		b.Run(fmt.Sprintf("games=%d/deep", n), func(b *testing.B) {
			q := games.SearchQuery{Sort: games.SortPriceAsc, Limit: 100}
			measure(b, s, func(i int) games.SearchQuery {
				for range i % 2 { // each second time the next page
					r, err := s.Search(b.Context(), q)
					if err != nil {
						b.Fatal(err)
					}
					q.Cursor = r.NextCursor
				}
				return q
			})
		})
	}
}

// measure also reports the slowest of a hundred searches.
func measure(b *testing.B, s *bleve.Search, query func(i int) games.SearchQuery) {
	b.ReportAllocs()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		q := query(i)
		begin := time.Now()
		if _, err := s.Search(b.Context(), q); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func BenchmarkOpen(b *testing.B) {
	const n = 100_000
	dir := b.TempDir()
	if err := built(b, dir, corpus(n)).Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := bleve.NewSearch(bleve.Config{Dir: dir})
		if err != nil || s.NeedsRebuild() {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPut puts changed games from many goroutines, as the consumers of events do.
func BenchmarkPut(b *testing.B) {
	for _, n := range []int{40, 100_000} {
		b.Run(fmt.Sprintf("games=%d", n), func(b *testing.B) {
			gs := corpus(n)
			s := built(b, b.TempDir(), gs)
			var revision atomic.Int64
			revision.Store(1)
			b.SetParallelism(64)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					g := gs[rand.IntN(n)]
					g.Revision = revision.Add(1)
					g.Purchases = g.Revision
					if err := s.Put(b.Context(), g); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
