package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
	"gamestore.example/users"
)

// consumer is the inbox's name for the history.
const consumer = "users.history"

// insertEntry adds nothing for an account that does not live, nor a second time
// what is told once.
const insertEntry = `
INSERT INTO history (user_id, kind, at, purchase_id, game_id, amount, currency, reason, once_key)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1 AND deleted_at = 0)
ON CONFLICT DO NOTHING`

func addEntry(ctx context.Context, tx sqldb.Querier, e users.Entry) (bool, error) {
	result, err := tx.ExecContext(ctx, insertEntry, e.UserID, string(e.Kind), sqldb.Micros(e.At),
		e.PurchaseID, e.GameID, e.Price.Amount, e.Price.Currency, e.Reason, e.Once)
	if err != nil {
		return false, fmt.Errorf("write the history: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// AddEntry implements users.Repository.
func (r *Repository) AddEntry(ctx context.Context, messageID string, e users.Entry) (bool, error) {
	var added bool
	err := r.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		first, err := outboxsqlite.FirstSeen(ctx, tx, consumer, messageID)
		if err != nil || !first {
			return err
		}
		added, err = addEntry(ctx, tx, e)
		return err
	})
	return added && err == nil, err
}

const selectHistory = `
SELECT seq, user_id, kind, at, purchase_id, game_id, amount, currency, reason, once_key FROM history
WHERE user_id = ? AND (at, seq) < (?, ?)
ORDER BY at DESC, seq DESC LIMIT ?`

// History implements users.Repository.
func (r *Repository) History(ctx context.Context, userID string, after users.Position, limit int) ([]users.Entry, error) {
	at, seq := sqldb.Micros(after.At), after.Seq
	if after.IsZero() {
		at, seq = math.MaxInt64, math.MaxInt64
	}
	rows, err := r.db.Read().QueryContext(ctx, selectHistory, userID, at, seq, limit)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", sqldb.Classify(err))
	}
	page, err := scanEntries(rows)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", sqldb.Classify(err))
	}
	return page, nil
}

func scanEntries(rows *sql.Rows) (page []users.Entry, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var (
			e  users.Entry
			at int64
		)
		err := rows.Scan(&e.Seq, &e.UserID, &e.Kind, &at, &e.PurchaseID, &e.GameID, &e.Price.Amount, &e.Price.Currency, &e.Reason, &e.Once)
		if err != nil {
			return nil, err
		}
		e.At = sqldb.FromMicros(at)
		page = append(page, e)
	}
	return page, rows.Err()
}
