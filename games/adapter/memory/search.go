package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"gamestore.example/games"
)

// Search is a full-text index in memory, for tests and small stores. A search looks at
// every game, so that its time grows with the catalogue.
type Search struct {
	rebuilding sync.Mutex

	mu    sync.RWMutex
	games map[string]entry
	// next is the index that a Rebuild fills; nil without one.
	next map[string]entry
}

var _ games.Search = (*Search)(nil)

// NewSearch returns an empty index.
func NewSearch() *Search { return &Search{games: map[string]entry{}} }

// Put implements games.Search. Nothing here is durable.
func (s *Search) Put(ctx context.Context, gs ...games.Game) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range gs {
		put(s.games, g)
		if s.next != nil {
			put(s.next, g)
		}
	}
	return nil
}

func put(index map[string]entry, g games.Game) {
	if old, ok := index[g.ID]; !ok || g.Revision > old.game.Revision {
		index[g.ID] = newEntry(g)
	}
}

// Count implements games.Search.
func (s *Search) Count(ctx context.Context) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var n int64
	for _, e := range s.games {
		if !e.game.Deleted {
			n++
		}
	}
	return n, ctx.Err()
}

// Rebuild implements games.Search. A second call waits for the first.
func (s *Search) Rebuild(ctx context.Context, each func(yield func(games.Game) error) error) error {
	s.rebuilding.Lock()
	defer s.rebuilding.Unlock()
	s.setNext(map[string]entry{})
	defer s.setNext(nil)
	err := each(func(g games.Game) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		put(s.next, g)
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.games = s.next
	return nil
}

func (s *Search) setNext(index map[string]entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = index
}

// position is where a page ends: the last game's sort key and id.
type position struct {
	Key int64  `json:"k"`
	ID  string `json:"i"`
}

// hit is a game that matches, with its place in the order.
type hit struct {
	position
	game games.Game
}

// Search implements games.Search.
func (s *Search) Search(ctx context.Context, q games.SearchQuery) (games.SearchResult, error) {
	find, err := newFinder(q)
	if err != nil {
		return games.SearchResult{}, err
	}
	var after *position
	if q.Cursor != "" {
		after = new(position)
		if err := q.DecodeCursor(after); err != nil {
			return games.SearchResult{}, err
		}
	}
	hits, facets := s.collect(q.Category, find)
	if err := ctx.Err(); err != nil {
		return games.SearchResult{}, err
	}
	slices.SortFunc(hits, func(a, b hit) int { return compare(a.position, b.position) })
	if after != nil {
		hits = slices.DeleteFunc(hits, func(h hit) bool { return compare(h.position, *after) <= 0 })
	}
	return page(q, hits, facets)
}

// collect returns the games of the category that match, in no order, and the facets.
func (s *Search) collect(category string, find finder) ([]hit, map[string]int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var hits []hit
	facets := map[string]int64{}
	for _, e := range s.games {
		points, ok := find.match(e)
		if !ok {
			continue
		}
		facets[e.game.Category]++
		if category == "" || category == e.game.Category {
			hits = append(hits, hit{position: position{Key: find.key(e.game, points), ID: e.game.ID}, game: e.game})
		}
	}
	return hits, facets
}

func page(q games.SearchQuery, hits []hit, facets map[string]int64) (games.SearchResult, error) {
	var r games.SearchResult
	for _, h := range hits[:min(len(hits), max(q.Limit, 1))] {
		r.Games = append(r.Games, h.game)
	}
	for _, c := range slices.Sorted(maps.Keys(facets)) {
		r.Facets = append(r.Facets, games.Facet{Category: c, Count: facets[c]})
	}
	if len(hits) == len(r.Games) {
		return r, nil
	}
	var err error
	r.NextCursor, err = q.EncodeCursor(hits[len(r.Games)-1].position)
	return r, err
}

func compare(a, b position) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID))
}
