package sqlite

import (
	"context"
	"database/sql"
	"time"

	"gamestore.example/pkg/sqldb"
)

// Only purchases that wait for payments are read: the first condition is word for word
// that of the partial index.
const oldestPending = `SELECT min(created_at) FROM purchases INDEXED BY purchases_to_ask WHERE status IN ('pending', 'refunding') AND status = 'pending'`

// OldestPending returns when the oldest purchase that is pending was accepted, and
// false if there is none.
func (r *Repository) OldestPending(ctx context.Context) (time.Time, bool, error) {
	var at sql.NullInt64
	if err := r.db.Read().QueryRowContext(ctx, oldestPending).Scan(&at); err != nil {
		return time.Time{}, false, sqldb.Classify(err)
	}
	return sqldb.FromMicros(at.Int64), at.Valid, nil
}
