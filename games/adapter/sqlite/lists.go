package sqlite

import (
	"context"
	"math"

	"gamestore.example/games"
	"gamestore.example/pkg/sqldb"
)

// Pages start after a position in (created_at, id), from the newest down.
const (
	ofUser        = ` WHERE p.user_id = ?1 AND (p.created_at, p.id) < (?2, ?3)`
	newestFirst   = ` ORDER BY p.created_at DESC, p.id DESC LIMIT ?4`
	ownedOnly     = ` AND p.status IN ('completed', 'refunding')`
	listPurchases = `SELECT ` + purchaseColumns + ` FROM purchases p` + ofUser + newestFirst
	listLibrary   = `SELECT ` + purchaseColumns + `, ` + gameColumns + ` FROM purchases p JOIN games g ON g.id = p.game_id` + ofUser + ownedOnly + newestFirst
	listTastes    = `SELECT g.category, p.completed_at FROM purchases p JOIN games g ON g.id = p.game_id` + ofUser + ownedOnly + newestFirst
)

func pageArgs(q games.UserPage) []any {
	if q.After.IsZero() {
		return []any{q.UserID, int64(math.MaxInt64), "", q.Limit}
	}
	return []any{q.UserID, sqldb.Micros(q.After.At), q.After.ID, q.Limit}
}

// Purchases implements games.Repository.
func (r *Repository) Purchases(ctx context.Context, q games.UserPage) ([]games.Purchase, error) {
	return all(ctx, r.db.Read(), "list purchases", scanPurchase, listPurchases, pageArgs(q)...)
}

// Library implements games.Repository.
func (r *Repository) Library(ctx context.Context, q games.UserPage) ([]games.OwnedGame, error) {
	return all(ctx, r.db.Read(), "list a library", scanOwned, listLibrary, pageArgs(q)...)
}

// Tastes implements games.Repository.
func (r *Repository) Tastes(ctx context.Context, userID string, limit int) ([]games.Taste, error) {
	return all(ctx, r.db.Read(), "list tastes", func(row scanner) (games.Taste, error) {
		var t games.Taste
		var at int64
		err := row.Scan(&t.Category, &at)
		t.BoughtAt = sqldb.FromMicros(at)
		return t, err
	}, listTastes, pageArgs(games.UserPage{UserID: userID, Limit: limit})...)
}
