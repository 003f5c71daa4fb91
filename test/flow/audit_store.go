package flow

import (
	"database/sql"
	"errors"
	"path/filepath"
	"slices"

	"gamestore.example/games"
	contractgames "gamestore.example/pkg/contract/games"
)

// maxDead is how many dead letters an audit looks at.
const maxDead = 1000

// games compares counters with purchases, and the index with the catalogue.
func (a *audit) games(known []contractgames.GamePurchased) {
	svc := a.w.games.Service()
	for _, p := range known {
		g, err := svc.GetGame(a.ctx, games.GetGame{GameID: p.GameID})
		switch {
		case errors.Is(err, games.ErrGameNotFound): // deleted since
		case err != nil:
			a.complain("game %s: %v", p.GameID, err)
		case g.Purchases != a.counted[g.ID]:
			a.complain("game %s counts %d purchases and has %d", g.ID, g.Purchases, a.counted[g.ID])
		}
	}
	a.index(svc)
}

func (a *audit) index(svc games.Service) {
	q := games.SearchQuery{Limit: games.MaxLimit, Sort: games.SortNewest}
	found, total := int64(0), int64(0)
	for {
		page, err := svc.SearchGames(a.ctx, q)
		if err != nil {
			a.complain("search: %v", err)
			return
		}
		for _, indexed := range page.Games {
			found++
			g, err := svc.GetGame(a.ctx, games.GetGame{GameID: indexed.ID})
			if err != nil || g.Purchases != indexed.Purchases || g.Name != indexed.Name || g.Price != indexed.Price {
				a.complain("the index has %+v, the catalogue %+v, %v", indexed, g, err)
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	categories, err := svc.ListCategories(a.ctx)
	if err != nil {
		a.complain("categories: %v", err)
	}
	for _, c := range categories {
		total += c.Count
	}
	if found != total {
		a.complain("the index has %d games, the catalogue %d", found, total)
	}
}

// outboxes wants every event published that a store on disk holds. Of a store in
// memory only the purchases' ends are known; see announced.
func (a *audit) outboxes() {
	if a.w.options.Store != SQLite {
		return
	}
	for _, name := range []string{"users", "games", "payments"} {
		if n, err := a.waiting(name); err != nil || n > 0 {
			a.complain("the outbox of %s holds %d events: %v", name, n, err)
		}
	}
}

func (a *audit) waiting(name string) (n int, err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(a.w.dir, name+".db")+"?mode=ro")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRowContext(a.ctx, "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL").Scan(&n)
	return n, err
}

// queues wants every message handled.
func (a *audit) queues() {
	for _, state := range []string{"ready", "retry"} {
		if n := a.w.Metric("gamestore_queue_messages", "state", state); n > 0 {
			a.complain("%v messages are in the queues: %s", n, state)
		}
	}
	if a.w.broker != nil {
		if n, err := a.w.broker.waiting(a.w.subscriptions); err != nil || n > 0 {
			a.complain("%d messages are in the broker's queues, %v", n, err)
		}
	}
	if n := a.w.handling.Load(); n > 0 {
		a.complain("%d messages are being handled", n)
	}
	dead, err := a.w.Wire.List(a.ctx, maxDead)
	if err != nil {
		a.complain("dead letters: %v", err)
	}
	for _, d := range dead {
		if !slices.Contains(a.left.Dead, d.Message.ID) {
			a.complain("a dead letter of %s: %s %s because of %s", d.Queue, d.Message.Key, d.Message.ID, d.Reason)
		}
	}
}
