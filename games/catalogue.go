package games

import (
	"context"

	"gamestore.example/pkg/errs"
)

// SearchGames implements Service.
func (s *Shop) SearchGames(ctx context.Context, q SearchQuery) (SearchResult, error) {
	q, err := q.validate()
	if err != nil {
		return SearchResult{}, err
	}
	return s.search.Search(ctx, q)
}

// GetGame implements Service.
func (s *Shop) GetGame(ctx context.Context, q GetGame) (Game, error) {
	if !ValidID(q.GameID) {
		return Game{}, ErrGameNotFound
	}
	g, err := s.repo.Game(ctx, q.GameID)
	if err == nil && g.Deleted {
		return Game{}, ErrGameNotFound
	}
	return g, err
}

// ListCategories implements Service.
func (s *Shop) ListCategories(ctx context.Context) ([]Facet, error) {
	return s.repo.Categories(ctx)
}

// CreateGame implements Service.
func (s *Shop) CreateGame(ctx context.Context, cmd CreateGame) (Game, error) {
	now := s.now()
	g, err := NewGame(s.newID(), cmd.GameDetails, now)
	if err != nil {
		return Game{}, err
	}
	return g, s.repo.CreateGame(ctx, g, s.withIDs([]Event{{Name: GameCreated, At: now, Game: g}})...)
}

// UpdateGame implements Service.
func (s *Shop) UpdateGame(ctx context.Context, cmd UpdateGame) (Game, error) {
	if !ValidID(cmd.GameID) {
		return Game{}, ErrGameNotFound
	}
	if cmd.IfVersion == 0 {
		return Game{}, ErrVersionRequired
	}
	return s.changeGame(ctx, cmd.GameID, cmd.IfVersion, GameUpdated, func(g Game) (Game, error) {
		return g.Edit(cmd.GameDetails, s.now())
	})
}

// DeleteGame implements Service.
func (s *Shop) DeleteGame(ctx context.Context, cmd DeleteGame) error {
	if !ValidID(cmd.GameID) {
		return ErrGameNotFound
	}
	version := cmd.IfVersion
	if version == 0 {
		version = AnyVersion
	}
	_, err := s.changeGame(ctx, cmd.GameID, version, GameDeleted, func(g Game) (Game, error) {
		return g.Delete(s.now()), nil
	})
	return err
}

func (s *Shop) changeGame(ctx context.Context, id string, version int64, name EventName, change func(Game) (Game, error)) (Game, error) {
	return s.repo.UpdateGame(ctx, id, func(g Game) (Game, []Event, error) {
		switch {
		case g.Deleted:
			return Game{}, nil, ErrGameNotFound
		case version != AnyVersion && version != g.Version:
			return Game{}, nil, ErrVersionMismatch.WithDetail("version", g.Version)
		}
		g, err := change(g)
		return g, s.withIDs([]Event{{Name: name, At: g.UpdatedAt, Game: g}}), err
	})
}

// Seed puts a catalogue into an empty store, with ids as given, and reports
// whether it did. A catalogue that is not empty stays as it is.
func (s *Shop) Seed(ctx context.Context, catalogue []Game) (bool, error) {
	now := s.now()
	gs, events := make([]Game, 0, len(catalogue)), make([]Event, 0, len(catalogue))
	for _, c := range catalogue {
		if !ValidID(c.ID) {
			return false, errs.InvalidFields(errs.Field{Name: "id", Message: "must be 1 to 64 letters, digits, _ or -"})
		}
		g, err := NewGame(c.ID, GameDetails{Name: c.Name, Description: c.Description, Category: c.Category, Price: c.Price, ReleasedAt: c.ReleasedAt}, now)
		if err != nil {
			return false, err
		}
		gs = append(gs, g)
		events = append(events, Event{Name: GameCreated, At: now, Game: g})
	}
	return s.repo.SeedGames(ctx, gs, s.withIDs(events))
}

// IndexGames implements Reactions.
func (s *Shop) IndexGames(ctx context.Context, ids ...string) error {
	found, err := s.repo.Games(ctx, ids...)
	if err != nil || len(found) == 0 {
		return err
	}
	gs := make([]Game, 0, len(found))
	for _, g := range found {
		gs = append(gs, g)
	}
	return s.search.Put(ctx, gs...)
}

// Reindex builds the search index anew from the catalogue, while the old one
// goes on answering.
func (s *Shop) Reindex(ctx context.Context) error {
	return s.search.Rebuild(ctx, func(yield func(Game) error) error {
		return s.repo.EachGame(ctx, yield)
	})
}
