package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"gamestore.example/games"
	"gamestore.example/pkg/sqldb"
)

const (
	selectGame  = `SELECT ` + gameColumns + ` FROM games g WHERE g.id = ?`
	selectGames = `SELECT ` + gameColumns + ` FROM games g WHERE g.id IN (SELECT value FROM json_each(?))`
	gamesAfter  = `SELECT ` + gameColumns + ` FROM games g WHERE g.id > ? ORDER BY g.id LIMIT ?`
	anyGame     = `SELECT EXISTS (SELECT 1 FROM games)`
	insertGame  = `INSERT INTO games VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	updateGame  = `
UPDATE games SET name = ?2, description = ?3, category = ?4, price_amount = ?5, price_currency = ?6, released_at = ?7, purchases = ?8,
 version = ?9, revision = ?10, deleted = ?11, created_at = ?12, updated_at = ?13
WHERE id = ?1 AND revision = ?14`
	countGame     = `UPDATE games SET purchases = purchases + ?2, revision = revision + 1 WHERE id = ?1`
	countCategory = `INSERT INTO categories VALUES (?1, max(?2, 0)) ON CONFLICT DO UPDATE SET games = games + ?2`
	selectFacets  = `SELECT name, games FROM categories WHERE games > 0 ORDER BY name`
)

// chunk is how many games EachGame reads at a time.
const chunk = 500

// Game implements games.Repository.
func (r *Repository) Game(ctx context.Context, id string) (games.Game, error) {
	g, err := scanGame(r.db.Read().QueryRowContext(ctx, selectGame, id))
	if err != nil {
		return games.Game{}, fmt.Errorf("read a game: %w", sqldb.Classify(err))
	}
	return g, nil
}

// Games implements games.Repository.
func (r *Repository) Games(ctx context.Context, ids ...string) (map[string]games.Game, error) {
	if ids == nil {
		ids = []string{}
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("read games: %w", err)
	}
	gs, err := all(ctx, r.db.Read(), "read games", scanGame, selectGames, string(list))
	if err != nil {
		return nil, err
	}
	found := make(map[string]games.Game, len(gs))
	for _, g := range gs {
		found[g.ID] = g
	}
	return found, nil
}

// EachGame implements games.Repository. It reads in chunks, so that no long read
// keeps the log from being folded into the file.
func (r *Repository) EachGame(ctx context.Context, yield func(games.Game) error) error {
	after := ""
	for {
		gs, err := all(ctx, r.db.Read(), "read all games", scanGame, gamesAfter, after, chunk)
		if err != nil {
			return err
		}
		for _, g := range gs {
			if err := yield(g); err != nil {
				return err
			}
			after = g.ID
		}
		if len(gs) < chunk {
			return nil
		}
	}
}

// CreateGame implements games.Repository.
func (r *Repository) CreateGame(ctx context.Context, g games.Game, events ...games.Event) error {
	return r.write(ctx, "create a game", func(ctx context.Context, c *change) error {
		if err := c.insertGame(ctx, g); err != nil {
			return err
		}
		return c.publish(ctx, events)
	})
}

// SeedGames implements games.Repository.
func (r *Repository) SeedGames(ctx context.Context, gs []games.Game, events []games.Event) (bool, error) {
	var taken bool
	err := r.write(ctx, "seed the catalogue", func(ctx context.Context, c *change) error {
		if err := c.QueryRowContext(ctx, anyGame).Scan(&taken); err != nil || taken {
			return err
		}
		for _, g := range gs {
			if err := c.insertGame(ctx, g); err != nil {
				return err
			}
		}
		return c.publish(ctx, events)
	})
	return err == nil && !taken, err
}

// UpdateGame implements games.Repository.
func (r *Repository) UpdateGame(ctx context.Context, id string, edit func(games.Game) (games.Game, []games.Event, error)) (games.Game, error) {
	var after games.Game
	err := r.write(ctx, "update a game", func(ctx context.Context, c *change) error {
		before, err := scanGame(c.QueryRowContext(ctx, selectGame, id))
		if err != nil {
			return err
		}
		g, events, err := edit(before)
		if err != nil {
			return err
		}
		if err := c.exactlyOne(ctx, updateGame, append(gameArgs(g), before.Revision)...); err != nil {
			return err
		}
		if err := c.recount(ctx, before, g); err != nil {
			return err
		}
		after = g
		return c.publish(ctx, events)
	})
	return after, err
}

func (c *change) insertGame(ctx context.Context, g games.Game) error {
	if _, err := c.ExecContext(ctx, insertGame, gameArgs(g)...); err != nil {
		return err
	}
	return c.recount(ctx, games.Game{Deleted: true}, g)
}

// recount keeps the counts of the categories.
func (c *change) recount(ctx context.Context, before, after games.Game) error {
	if before.Deleted == after.Deleted && before.Category == after.Category {
		return nil
	}
	for _, step := range []struct {
		g     games.Game
		delta int
	}{{before, -1}, {after, 1}} {
		if step.g.Deleted {
			continue
		}
		if _, err := c.ExecContext(ctx, countCategory, step.g.Category, step.delta); err != nil {
			return err
		}
	}
	return nil
}

// Categories implements games.Repository.
func (r *Repository) Categories(ctx context.Context) ([]games.Facet, error) {
	return all(ctx, r.db.Read(), "read categories", func(row scanner) (f games.Facet, err error) {
		return f, row.Scan(&f.Category, &f.Count)
	}, selectFacets)
}

// The two queries go by an index each, best first; the person's games are read once.
const (
	popular = `SELECT ` + gameColumns + ` FROM games g WHERE g.deleted = 0`
	unhad   = ` AND g.released_at <= ?1 AND g.id NOT IN
 (SELECT game_id FROM purchases WHERE user_id = ?2 AND status IN ('pending', 'completed', 'refunding', 'refunded'))
ORDER BY g.purchases DESC, g.id LIMIT ?3`
	popularOfAll = popular + unhad
	popularIn    = popular + ` AND g.category = ?4` + unhad
)

// Popular implements games.Repository.
func (r *Repository) Popular(ctx context.Context, q games.PopularQuery) ([]games.Game, error) {
	query, args := popularOfAll, []any{sqldb.Micros(q.Now), q.NotOf, q.Limit}
	if q.Category != "" {
		query, args = popularIn, append(args, q.Category)
	}
	return all(ctx, r.db.Read(), "read popular games", scanGame, query, args...)
}
