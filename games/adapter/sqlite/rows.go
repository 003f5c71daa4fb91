package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gamestore.example/games"
	"gamestore.example/pkg/sqldb"
)

const gameColumns = `g.id, g.name, g.description, g.category, g.price_amount, g.price_currency, g.released_at, g.purchases,
 g.version, g.revision, g.deleted, g.created_at, g.updated_at`

const purchaseColumns = `p.id, p.user_id, p.game_id, p.price_amount, p.price_currency, p.payment_method, p.payment_id, p.status,
 p.failure_reason, p.version, p.created_at, p.updated_at, p.completed_at, p.ask_at, p.asked`

// scanner is a *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// gameRow reads the columns of gameColumns.
type gameRow struct {
	g                          games.Game
	released, created, updated int64
}

func (r *gameRow) dest() []any {
	g := &r.g
	return []any{
		&g.ID, &g.Name, &g.Description, &g.Category, &g.Price.Amount, &g.Price.Currency, &r.released, &g.Purchases,
		&g.Version, &g.Revision, &g.Deleted, &r.created, &r.updated,
	}
}

func (r *gameRow) game() games.Game {
	r.g.ReleasedAt, r.g.CreatedAt, r.g.UpdatedAt = sqldb.FromMicros(r.released), sqldb.FromMicros(r.created), sqldb.FromMicros(r.updated)
	return r.g
}

func gameArgs(g games.Game) []any {
	return []any{
		g.ID, g.Name, g.Description, g.Category, g.Price.Amount, g.Price.Currency, sqldb.Micros(g.ReleasedAt), g.Purchases,
		g.Version, g.Revision, g.Deleted, sqldb.Micros(g.CreatedAt), sqldb.Micros(g.UpdatedAt),
	}
}

func scanGame(row scanner) (games.Game, error) {
	var r gameRow
	err := row.Scan(r.dest()...)
	return r.game(), none(err, games.ErrGameNotFound)
}

// purchaseRow reads the columns of purchaseColumns.
type purchaseRow struct {
	p                                  games.Purchase
	created, updated, completed, askAt int64
}

func (r *purchaseRow) dest() []any {
	p := &r.p
	return []any{
		&p.ID, &p.UserID, &p.GameID, &p.Price.Amount, &p.Price.Currency, &p.PaymentMethod, &p.PaymentID, &p.Status,
		&p.FailureReason, &p.Version, &r.created, &r.updated, &r.completed, &r.askAt, &p.Asked,
	}
}

func (r *purchaseRow) purchase() games.Purchase {
	r.p.CreatedAt, r.p.UpdatedAt = sqldb.FromMicros(r.created), sqldb.FromMicros(r.updated)
	r.p.CompletedAt, r.p.AskAt = sqldb.FromMicros(r.completed), sqldb.FromMicros(r.askAt)
	return r.p
}

func purchaseArgs(p games.Purchase) []any {
	return []any{
		p.ID, p.UserID, p.GameID, p.Price.Amount, p.Price.Currency, p.PaymentMethod, p.PaymentID, string(p.Status),
		p.FailureReason, p.Version, sqldb.Micros(p.CreatedAt), sqldb.Micros(p.UpdatedAt), sqldb.Micros(p.CompletedAt), sqldb.Micros(p.AskAt), p.Asked,
	}
}

func scanPurchase(row scanner) (games.Purchase, error) {
	var r purchaseRow
	err := row.Scan(r.dest()...)
	return r.purchase(), none(err, games.ErrPurchaseNotFound)
}

func scanOwned(row scanner) (games.OwnedGame, error) {
	var g gameRow
	var p purchaseRow
	err := row.Scan(append(p.dest(), g.dest()...)...)
	return games.OwnedGame{Game: g.game(), Purchase: p.purchase()}, err
}

// none turns the absence of a row into what it means.
func none(err, absent error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return absent
	}
	return err
}

// all runs a query and reads its rows.
func all[T any](ctx context.Context, q sqldb.Querier, what string, scan func(scanner) (T, error), query string, args ...any) (items []T, err error) {
	defer func() {
		if err != nil {
			items, err = nil, fmt.Errorf("%s: %w", what, sqldb.Classify(err))
		}
	}()
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	items = make([]T, 0)
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, rows.Err()
}
