package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/sqldb"
)

const (
	selectKey = `SELECT fingerprint, answer, created_at FROM idempotency_keys WHERE user_id = ? AND operation = ? AND key = ?`
	// One that is too old to count is replaced.
	insertKey = `
INSERT INTO idempotency_keys (user_id, operation, key, fingerprint, answer, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET fingerprint = ?4, answer = ?5, created_at = ?6`
	forgetKeys = `DELETE FROM idempotency_keys WHERE user_id = ?`
	pruneKeys  = `
DELETE FROM idempotency_keys WHERE (user_id, operation, key) IN
 (SELECT user_id, operation, key FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?)`
)

// replay returns the stored answer for a key, if there is one.
func (c *change) replay(ctx context.Context, k games.IdempotencyKey) (games.Update, error) {
	if k.Key == "" {
		return games.Update{}, nil
	}
	var fingerprint string
	var answer []byte
	var created int64
	err := c.QueryRowContext(ctx, selectKey, k.UserID, k.Operation, k.Key).Scan(&fingerprint, &answer, &created)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && k.Expired(sqldb.FromMicros(created)):
		return games.Update{}, nil
	case err != nil:
		return games.Update{}, err
	case fingerprint != k.Fingerprint:
		return games.Update{}, games.ErrKeyReused
	}
	up := games.Update{Change: games.Change{Outcome: games.Duplicate}, Replayed: true}
	if err := json.Unmarshal(answer, &up.Purchase); err != nil {
		return games.Update{}, fmt.Errorf("read the stored answer: %w", err)
	}
	return up, nil
}

// remember stores the answer for a key.
func (c *change) remember(ctx context.Context, k games.IdempotencyKey, p games.Purchase) error {
	if k.Key == "" {
		return nil
	}
	answer, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("store the answer: %w", err)
	}
	_, err = c.ExecContext(ctx, insertKey, k.UserID, k.Operation, k.Key, k.Fingerprint, answer, sqldb.Micros(k.At))
	return err
}

// PruneKeys implements games.Repository.
func (r *Repository) PruneKeys(ctx context.Context, before time.Time, limit int) (int, error) {
	var n int64
	err := r.write(ctx, "prune idempotency keys", func(ctx context.Context, c *change) error {
		res, err := c.ExecContext(ctx, pruneKeys, sqldb.Micros(before), limit)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}
