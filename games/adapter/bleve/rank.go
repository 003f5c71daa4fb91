package bleve

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"
	"strings"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
)

// position is a game's place in an order, the lowest key first, ties by id. As
// part of a cursor its names must stay.
type position struct {
	Key int64  `json:"k"`
	ID  string `json:"i"`
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.Key, q.Key), strings.Compare(p.ID, q.ID))
}

// hit is a document that belongs to the page.
type hit struct {
	position
	part int
	doc  int
}

// ranker goes through a view, counts what matches and keeps the hits of one page.
type ranker struct {
	matcher *matcher // nil if every game matches
	scratch *scratch
	sort    games.Sort

	category string
	after    *position
	limit    int

	// heap has the highest position at its root, so that it is the first to go.
	heap   []hit
	facets map[string]int64
}

// effectiveSort is the sort that a query really has.
func effectiveSort(q games.SearchQuery, everything bool) (games.Sort, error) {
	switch q.Sort {
	case games.SortPriceAsc, games.SortPriceDesc, games.SortPopularity, games.SortNewest:
		return q.Sort, nil
	case games.SortRelevance, "":
		if everything {
			return games.SortPopularity, nil
		}
		return games.SortRelevance, nil
	}
	return "", errs.New(errs.Invalid, "", "no such sort")
}

// view ranks all parts. After it hits returns the page.
func (r *ranker) view(ctx context.Context, v *view) error {
	for i := range v.parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.matcher != nil {
			if err := r.matcher.match(ctx, v.parts[i], r.scratch); err != nil {
				return err
			}
		}
		r.part(&v.parts[i], i)
	}
	return nil
}

// part looks at each live document of a part once: 100,000 of them take well under a
// millisecond, which is why no sorted list is kept.
func (r *ranker) part(p *part, n int) {
	counts := make([]int64, len(p.categories))
	wanted := p.wanted(r.category)
	words := 0
	if r.matcher != nil {
		words = len(r.matcher.words)
	}
	for i, live := range p.live {
		for ; live != 0; live &= live - 1 {
			doc := i*64 + bits.TrailingZeros64(live)
			if r.matcher != nil && int(r.scratch.seen[doc]) != words {
				continue
			}
			counts[p.category[doc]]++
			if wanted == anyCategory || wanted == p.category[doc] {
				r.offer(p, n, doc)
			}
		}
	}
	for i, c := range counts {
		if c > 0 {
			r.facets[p.categories[i]] += c
		}
	}
}

const (
	anyCategory = -1
	noCategory  = -2
)

// wanted returns the number that the table gives to a category.
func (t *table) wanted(category string) int {
	if category == "" {
		return anyCategory
	}
	if i := slices.Index(t.categories, category); i >= 0 {
		return i
	}
	return noCategory
}

// offer adds a document to the page if it lies behind the cursor and before the worst.
func (r *ranker) offer(p *part, n int, doc int) {
	key := r.key(p.table, doc)
	if r.after != nil && (key < r.after.Key || key == r.after.Key && p.id(doc) <= r.after.ID) {
		return
	}
	full := len(r.heap) == r.limit
	if full && (key > r.heap[0].Key || key == r.heap[0].Key && p.id(doc) > r.heap[0].ID) {
		return
	}
	h := hit{position: position{Key: key, ID: p.id(doc)}, part: n, doc: doc}
	if full {
		r.heap[0] = h
		sink(r.heap, 0)
		return
	}
	r.heap = append(r.heap, h)
	if len(r.heap) == r.limit {
		for i := len(r.heap)/2 - 1; i >= 0; i-- {
			sink(r.heap, i)
		}
	}
}

// key is the document's sort key: the lowest comes first.
func (r *ranker) key(t *table, doc int) int64 {
	switch r.sort {
	case games.SortPriceAsc:
		return t.price[doc]
	case games.SortPriceDesc:
		return -t.price[doc]
	case games.SortNewest:
		return -t.released[doc]
	case games.SortRelevance:
		return r.relevance(t, doc)
	case games.SortPopularity:
	}
	return -t.purchases[doc]
}

// relevance puts the points first; among equals the better-known game, by magnitude.
func (r *ranker) relevance(t *table, doc int) int64 {
	points := int64(r.scratch.points[doc])
	if n := int64(len(r.matcher.words)); t.nameWords[doc] == n && points == n*pointsOfName {
		points += pointsOfName / 2 // the text is the name
	}
	return -(points*64 + int64(math.Ilogb(float64(max(t.purchases[doc], 0)+1))))
}

// sink restores the heap below i, where the element may be too low.
func sink(heap []hit, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && heap[child+1].compare(heap[child].position) > 0 {
			child++
		}
		if heap[i].compare(heap[child].position) >= 0 {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// hits returns the page in order.
func (r *ranker) hits() []hit {
	slices.SortFunc(r.heap, func(a, b hit) int { return a.compare(b.position) })
	return r.heap
}
