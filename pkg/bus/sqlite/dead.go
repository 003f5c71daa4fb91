package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/sqldb"
)

// oldestDead finds the oldest dead letter with an id in a queue.
const oldestDead = `(SELECT id FROM bus_entries
	WHERE queue = ? AND message_id = ? AND dead_at IS NOT NULL ORDER BY dead_at, id LIMIT 1)`

// DeadLetters returns at most limit dead letters, oldest first.
func (j *Journal) DeadLetters(ctx context.Context, limit int) ([]bus.DeadLetter, error) {
	rows, err := j.db.Read().QueryContext(ctx, `SELECT reason, dead_at, `+entryColumns+`
		FROM bus_entries WHERE dead_at IS NOT NULL ORDER BY dead_at, id LIMIT ?`, max(limit, 0))
	if err != nil {
		return nil, wrap("list dead letters", err)
	}
	list, err := collect(rows, scanDead)
	return list, wrap("list dead letters", err)
}

func scanDead(row scanner) (bus.DeadLetter, error) {
	var reason string
	var at int64
	e, err := scanEntry(prefixed{row, []any{&reason, &at}})
	return bus.DeadLetter{Message: e.Message, Queue: e.Queue, Reason: errs.Code(reason), At: sqldb.FromMicros(at)}, err
}

// prefixed scans a few columns before those that its user asks for.
type prefixed struct {
	scanner
	first []any
}

func (p prefixed) Scan(dest ...any) error { return p.scanner.Scan(append(p.first, dest...)...) }

// Replay makes the oldest dead letter with this id an entry of its queue again.
func (j *Journal) Replay(ctx context.Context, queue, messageID string) (e memory.Entry, err error) {
	err = j.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) (err error) {
		e, err = scanEntry(tx.QueryRowContext(ctx, `UPDATE bus_entries
			SET attempt = 1, due_at = 0, starts = 0, begun = 0, reason = '', dead_at = NULL WHERE id = `+oldestDead+`
			RETURNING `+entryColumns, queue, messageID))
		if errors.Is(err, sql.ErrNoRows) {
			return bus.ErrNoDeadLetter
		}
		return err
	})
	return e, wrap("replay a dead letter", err)
}

// Drop deletes the oldest dead letter with this id.
func (j *Journal) Drop(ctx context.Context, queue, messageID string) error {
	err := j.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM bus_entries WHERE id = `+oldestDead, queue, messageID)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err == nil && n == 0 {
			return bus.ErrNoDeadLetter
		}
		return err
	})
	return wrap("drop a dead letter", err)
}
