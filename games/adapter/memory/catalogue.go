package memory

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"gamestore.example/games"
)

// Game implements games.Repository.
func (r *Repository) Game(ctx context.Context, id string) (games.Game, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	g, ok := r.games[id]
	if !ok {
		return games.Game{}, games.ErrGameNotFound
	}
	return g, ctx.Err()
}

// Games implements games.Repository.
func (r *Repository) Games(ctx context.Context, ids ...string) (map[string]games.Game, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	found := map[string]games.Game{}
	for _, id := range ids {
		if g, ok := r.games[id]; ok {
			found[id] = g
		}
	}
	return found, ctx.Err()
}

// EachGame implements games.Repository.
func (r *Repository) EachGame(ctx context.Context, yield func(games.Game) error) error {
	r.mu.RLock()
	ids := slices.Sorted(maps.Keys(r.games))
	r.mu.RUnlock()
	for _, id := range ids {
		g, err := r.Game(ctx, id)
		if err != nil {
			return err
		}
		if err := yield(g); err != nil {
			return err
		}
	}
	return nil
}

// CreateGame implements games.Repository.
func (r *Repository) CreateGame(ctx context.Context, g games.Game, events ...games.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.games[g.ID]; ok {
		return errors.New("memory: the id of a new game is taken")
	}
	return r.store(ctx, []games.Game{g}, events)
}

// SeedGames implements games.Repository.
func (r *Repository) SeedGames(ctx context.Context, gs []games.Game, events []games.Event) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.games) > 0 {
		return false, ctx.Err()
	}
	ids := map[string]struct{}{}
	for _, g := range gs {
		ids[g.ID] = struct{}{}
	}
	if len(ids) != len(gs) {
		return false, errors.New("memory: two games to seed have the same id")
	}
	err := r.store(ctx, gs, events)
	return err == nil, err
}

// UpdateGame implements games.Repository.
func (r *Repository) UpdateGame(ctx context.Context, id string, edit func(games.Game) (games.Game, []games.Event, error)) (games.Game, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g, ok := r.games[id]
	if !ok {
		return games.Game{}, games.ErrGameNotFound
	}
	g, events, err := edit(g)
	if err != nil {
		return games.Game{}, err
	}
	return g, r.store(ctx, []games.Game{g}, events)
}

// store is the end of a change of the catalogue.
func (r *Repository) store(ctx context.Context, gs []games.Game, events []games.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	records, err := r.records(ctx, events)
	if err != nil {
		return err
	}
	for _, g := range gs {
		r.games[g.ID] = g
	}
	r.publish(records)
	return nil
}

// Categories implements games.Repository. Unlike a database it counts each time.
func (r *Repository) Categories(ctx context.Context) ([]games.Facet, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	counts := map[string]int64{}
	for _, g := range r.games {
		if !g.Deleted {
			counts[g.Category]++
		}
	}
	facets := make([]games.Facet, 0, len(counts))
	for _, c := range slices.Sorted(maps.Keys(counts)) {
		facets = append(facets, games.Facet{Category: c, Count: counts[c]})
	}
	return facets, ctx.Err()
}

// Popular implements games.Repository.
func (r *Repository) Popular(ctx context.Context, q games.PopularQuery) ([]games.Game, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	had := map[string]bool{}
	for _, id := range r.byUser[q.NotOf] {
		if p := r.purchases[id]; p.Status.Active() || p.Status == games.StatusRefunded {
			had[p.GameID] = true
		}
	}
	var found []games.Game
	for _, g := range r.games {
		if g.Available(q.Now) && !had[g.ID] && (q.Category == "" || q.Category == g.Category) {
			found = append(found, g)
		}
	}
	slices.SortFunc(found, func(a, b games.Game) int {
		return cmp.Or(cmp.Compare(b.Purchases, a.Purchases), cmp.Compare(a.ID, b.ID))
	})
	return found[:min(len(found), q.Limit)], ctx.Err()
}
