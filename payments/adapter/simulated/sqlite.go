package simulated

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"gamestore.example/pkg/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

// SQLiteLedger is a Ledger in a SQLite file of its own, so that it survives what the
// payments' store does not, and proves what happened.
type SQLiteLedger struct{ db *sqldb.DB }

var _ Ledger = (*SQLiteLedger)(nil)

// NewSQLiteLedger returns the books in db, whose tables it makes or brings up to date.
func NewSQLiteLedger(ctx context.Context, db *sqldb.DB) (*SQLiteLedger, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("ledger migrations: %w", err)
	}
	if err := sqldb.Migrate(ctx, db, "simulated", files); err != nil {
		return nil, err
	}
	return &SQLiteLedger{db: db}, nil
}

const (
	columns    = `key, reference, amount, currency, method, status, reason, charges, capture_at, created_at, refunds`
	selectOne  = `SELECT ` + columns + ` FROM charges WHERE key = ?`
	selectAll  = `SELECT ` + columns + ` FROM charges ORDER BY created_at, key`
	replaceOne = `INSERT OR REPLACE INTO charges (` + columns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// Update implements Ledger.
func (l *SQLiteLedger) Update(ctx context.Context, key string, fn func(Entry, bool) (Entry, error)) (Entry, error) {
	var e Entry
	err := l.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		old, known, err := get(ctx, tx, key)
		if err != nil {
			return err
		}
		if e, err = fn(old, known); err != nil {
			return err
		}
		return put(ctx, tx, e)
	})
	if err != nil {
		return Entry{}, err
	}
	return e, nil
}

// Get implements Ledger.
func (l *SQLiteLedger) Get(ctx context.Context, key string) (Entry, bool, error) {
	e, known, err := get(ctx, l.db.Read(), key)
	return e, known, sqldb.Classify(err)
}

// Entries implements Ledger.
func (l *SQLiteLedger) Entries(ctx context.Context) (entries []Entry, err error) {
	rows, err := l.db.Read().QueryContext(ctx, selectAll)
	if err != nil {
		return nil, sqldb.Classify(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, sqldb.Classify(rows.Err())
}

func get(ctx context.Context, q sqldb.Querier, key string) (Entry, bool, error) {
	e, err := scan(q.QueryRowContext(ctx, selectOne, key))
	if errors.Is(err, sql.ErrNoRows) {
		return Entry{}, false, nil
	}
	return e, err == nil, err
}

func put(ctx context.Context, tx sqldb.Querier, e Entry) error {
	refunds, err := json.Marshal(e.Refunds)
	if err != nil {
		return fmt.Errorf("encode refunds: %w", err)
	}
	_, err = tx.ExecContext(ctx, replaceOne, e.Key, e.Reference, e.Amount.Amount, e.Amount.Currency, e.Method, string(e.Status),
		e.Reason, e.Charges, sqldb.Micros(e.CaptureAt), sqldb.Micros(e.CreatedAt), string(refunds))
	return err
}

func scan(row interface{ Scan(dest ...any) error }) (Entry, error) {
	var (
		e                 Entry
		captured, created int64
		refunds           string
	)
	err := row.Scan(&e.Key, &e.Reference, &e.Amount.Amount, &e.Amount.Currency, &e.Method, &e.Status,
		&e.Reason, &e.Charges, &captured, &created, &refunds)
	if err != nil {
		return Entry{}, err
	}
	e.CaptureAt, e.CreatedAt = sqldb.FromMicros(captured), sqldb.FromMicros(created)
	if err := json.Unmarshal([]byte(refunds), &e.Refunds); err != nil {
		return Entry{}, fmt.Errorf("decode refunds of %s: %w", e.Key, err)
	}
	return e, nil
}
