package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the journal's table up to date. It is idempotent, and shares a
// file with other sets of migrations.
func Migrate(ctx context.Context, db *sqldb.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("bus migrations: %w", err)
	}
	return sqldb.Migrate(ctx, db, "bus", files)
}

// Journal is a memory.Journal in a database that Migrate has prepared. Only one
// bus may use it at a time. A database that is down is errs.Unavailable.
type Journal struct{ db *sqldb.DB }

var _ memory.Journal = (*Journal)(nil)

// NewJournal returns a journal in db.
func NewJournal(db *sqldb.DB) *Journal { return &Journal{db: db} }

const insertEntry = `INSERT INTO bus_entries
	(queue, message_id, routing_key, content_type, headers, body, attempt, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

// Append stores entries in one transaction and sets their IDs.
func (j *Journal) Append(ctx context.Context, entries []memory.Entry) error {
	err := j.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		for i := range entries {
			if err := insert(ctx, tx, &entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return wrap("append", err)
}

func insert(ctx context.Context, tx sqldb.Querier, e *memory.Entry) error {
	headers, err := encodeHeaders(e.Message.Headers)
	if err != nil {
		return err
	}
	m := e.Message
	body := m.Body
	if body == nil {
		body = []byte{}
	}
	r, err := tx.ExecContext(ctx, insertEntry,
		e.Queue, m.ID, m.Key, m.ContentType, headers, body, m.Attempt, sqldb.Micros(e.Due))
	if err != nil {
		return err
	}
	e.ID, err = r.LastInsertId()
	return err
}

// Settle applies settlements in one transaction.
func (j *Journal) Settle(ctx context.Context, settlements []memory.Settlement) error {
	err := j.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		for i := range settlements {
			if err := settle(ctx, tx, &settlements[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return wrap("settle", err)
}

func settle(ctx context.Context, tx sqldb.Querier, s *memory.Settlement) error {
	var err error
	switch e := &s.Entry; s.Outcome {
	case errs.Ack:
		_, err = tx.ExecContext(ctx, `DELETE FROM bus_entries WHERE id = ?`, e.ID)
	case errs.Retry:
		_, err = tx.ExecContext(ctx, `UPDATE bus_entries SET attempt = ?, due_at = ?, starts = 0, begun = 0 WHERE id = ?`,
			e.Message.Attempt, sqldb.Micros(e.Due), e.ID)
	case errs.Dead:
		_, err = tx.ExecContext(ctx, `UPDATE bus_entries SET attempt = ?, reason = ?, dead_at = ? WHERE id = ?`,
			e.Message.Attempt, string(s.Reason), sqldb.Micros(s.At), e.ID)
	case errs.Hold:
		err = errors.New("a held delivery is not settled")
	}
	return err
}

// Load counts a start for all that a queue holds, gives up what was delivered too
// often, and returns the rest, oldest first, with the number of the queue's dead letters.
func (j *Journal) Load(ctx context.Context, queue string) ([]memory.Entry, int, error) {
	if err := j.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error { return start(ctx, tx, queue) }); err != nil {
		return nil, 0, wrap("load a queue", err)
	}
	var dead int
	err := j.db.Read().QueryRowContext(ctx,
		`SELECT count(*) FROM bus_entries WHERE queue = ? AND dead_at IS NOT NULL`, queue).Scan(&dead)
	if err != nil {
		return nil, 0, wrap("count dead letters", err)
	}
	rows, err := j.db.Read().QueryContext(ctx,
		`SELECT `+entryColumns+` FROM bus_entries WHERE queue = ? AND dead_at IS NULL ORDER BY id`, queue)
	if err != nil {
		return nil, 0, wrap("load a queue", err)
	}
	entries, err := collect(rows, scanEntry)
	return entries, dead, wrap("load a queue", err)
}

// collect scans all rows and closes them.
func collect[T any](rows *sql.Rows, scan func(scanner) (T, error)) (all []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

type scanner interface{ Scan(dest ...any) error }

const entryColumns = `id, queue, message_id, routing_key, content_type, headers, body, attempt, due_at, ` + suspect

func scanEntry(row scanner) (memory.Entry, error) {
	var e memory.Entry
	var headers string
	var due int64
	m := &e.Message
	if err := row.Scan(&e.ID, &e.Queue, &m.ID, &m.Key, &m.ContentType, &headers, &m.Body, &m.Attempt, &due, &e.Suspect); err != nil {
		return e, err
	}
	e.Due = sqldb.FromMicros(due)
	var err error
	m.Headers, err = decodeHeaders(headers)
	return e, err
}

func encodeHeaders(h map[string]string) (string, error) {
	if len(h) == 0 {
		return "", nil
	}
	b, err := json.Marshal(h)
	return string(b), err
}

func decodeHeaders(s string) (h map[string]string, err error) {
	if s != "" {
		err = json.Unmarshal([]byte(s), &h)
	}
	return h, err
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, sqldb.Classify(err))
}
