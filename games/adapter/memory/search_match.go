package memory

import (
	"math"
	"slices"
	"strings"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/words"
)

// maxWords is how many different words of a text count; the others are ignored.
const maxWords = 16

// entry is a game with its words, folded. A deleted one is kept for its revision.
type entry struct {
	game                        games.Game
	name, category, description []string
}

func newEntry(g games.Game) entry {
	if g.Deleted {
		return entry{game: g}
	}
	return entry{
		game:        g,
		name:        words.Split(g.Name),
		category:    words.Split(g.Category),
		description: words.Split(g.Description),
	}
}

// finder is a query made ready: what matches, and in which order.
type finder struct {
	all   bool
	words []string
	sort  games.Sort
}

func newFinder(q games.SearchQuery) (finder, error) {
	f := finder{all: strings.TrimSpace(q.Text) == "", words: words.Distinct(q.Text, maxWords), sort: q.Sort}
	switch q.Sort {
	case games.SortPriceAsc, games.SortPriceDesc, games.SortPopularity, games.SortNewest:
	case games.SortRelevance, "":
		f.sort = games.SortRelevance
		if f.all {
			f.sort = games.SortPopularity
		}
	default:
		return f, errs.New(errs.Invalid, "", "no such sort")
	}
	return f, nil
}

// key is the game's place in the order: the lowest comes first.
func (f finder) key(g games.Game, points int) int64 {
	switch f.sort {
	case games.SortPriceAsc:
		return g.Price.Amount
	case games.SortPriceDesc:
		return -g.Price.Amount
	case games.SortNewest:
		return -g.ReleasedAt.UnixMicro()
	case games.SortRelevance:
		// Among equal matches the better-known game comes first, by magnitude.
		return -int64(points*64 + math.Ilogb(float64(max(g.Purchases, 0)+1)))
	case games.SortPopularity:
	}
	return -g.Purchases
}

// match tells how well a game matches, if it does: every word must, somewhere.
func (f finder) match(e entry) (points int, ok bool) {
	if e.game.Deleted || !f.all && len(f.words) == 0 {
		return 0, false
	}
	for _, w := range f.words {
		p := e.points(w)
		if p == 0 {
			return 0, false
		}
		points += p
	}
	if len(f.words) == len(e.name) && points == len(f.words)*pointsOfName {
		points += pointsOfName / 2 // the text is the name
	}
	return points, true
}

// What a word earns by where it matches: as it is in the name, and so on. A prefix
// earns two thirds of that, a word with typos one third.
const (
	pointsOfName        = 60
	pointsOfCategory    = 30
	pointsOfDescription = 15
)

func (e entry) points(word string) int {
	return max(
		pointsIn(e.name, word, pointsOfName),
		pointsIn(e.category, word, pointsOfCategory),
		pointsIn(e.description, word, pointsOfDescription),
	)
}

func pointsIn(field []string, word string, full int) int {
	switch typos := words.Typos(word); {
	case slices.Contains(field, word):
		return full
	case slices.ContainsFunc(field, func(w string) bool { return strings.HasPrefix(w, word) }):
		return full * 2 / 3
	case typos > 0 && slices.ContainsFunc(field, func(w string) bool { return words.Distance(w, word, typos) <= typos }):
		return full / 3
	}
	return 0
}
