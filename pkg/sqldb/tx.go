package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// errTxOver is what a transaction's statements return after its function returned.
var errTxOver = errors.New("sqldb: the transaction is over")

type writingKey struct{}

// writing is the context of a change: the caller's values, no end, and a mark
// that tells a Write inside a Write.
type writing struct {
	context.Context
	writer *writer
}

func (writing) Deadline() (time.Time, bool) { return time.Time{}, false }
func (writing) Done() <-chan struct{}       { return nil }
func (writing) Err() error                  { return nil }
func (c writing) Value(key any) any {
	if _, ok := key.(writingKey); ok {
		return c.writer
	}
	return c.Context.Value(key)
}

// tx is the Querier of one change.
type tx struct {
	w    *writer
	over bool
	// fatal is the first error that may have ended the whole transaction. Nothing
	// may run after it, for it would be committed on its own.
	fatal error
	// open are the answers that the change may still be reading.
	open []answer
}

type answer struct {
	stmt *sql.Stmt
	rows *sql.Rows
}

// ExecContext runs a statement that returns no rows.
func (t *tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx, s, err := t.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	var r sql.Result
	if s != nil {
		r, err = s.ExecContext(ctx, args...)
	} else {
		r, err = t.w.conn.ExecContext(ctx, query, args...)
	}
	return r, t.note(err)
}

// QueryContext runs a statement that returns rows. They are closed at the latest
// when the change ends.
func (t *tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, s, err := t.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	var rows *sql.Rows
	if s != nil {
		rows, err = s.QueryContext(ctx, args...)
	} else {
		rows, err = t.w.conn.QueryContext(ctx, query, args...)
	}
	if err != nil {
		return nil, t.note(err)
	}
	t.open = append(t.open, answer{stmt: s, rows: rows})
	return rows, nil
}

// QueryRowContext runs a statement that returns one row. Scan it at once.
func (t *tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx, s, err := t.prepare(ctx, query)
	if err != nil {
		return t.w.pool.QueryRowContext(failed{ctx, err}, query)
	}
	var row *sql.Row
	if s != nil {
		row = s.QueryRowContext(ctx, args...)
	} else {
		row = t.w.conn.QueryRowContext(ctx, query, args...)
	}
	_ = t.note(row.Err())
	return row
}

// prepare finds the statement to use; nil means to run the text. A prepared
// statement has one cursor, so while its rows are being read it is not used again.
func (t *tx) prepare(ctx context.Context, query string) (context.Context, *sql.Stmt, error) {
	// A query that somebody's context interrupts would end the transaction of all.
	if ctx.Done() != nil {
		ctx = context.WithoutCancel(ctx)
	}
	switch {
	case t.over:
		return ctx, nil, errTxOver
	case t.fatal != nil:
		return ctx, nil, t.fatal
	}
	s, err := t.w.stmt(ctx, query)
	if err != nil {
		return ctx, nil, t.note(err)
	}
	for _, a := range t.open {
		if a.stmt == s && isOpen(a.rows) {
			return ctx, nil, nil
		}
	}
	return ctx, s, nil
}

// isOpen uses that only the columns of open rows can be asked for.
func isOpen(rows *sql.Rows) bool {
	_, err := rows.Columns()
	return err == nil
}

func (t *tx) note(err error) error {
	if t.fatal == nil && endsTransaction(err) {
		t.fatal = err
	}
	return err
}

// end closes what the change left open and returns the error that ended the
// transaction, if one did.
func (t *tx) end() error {
	t.over = true
	for _, a := range t.open {
		_ = t.note(a.rows.Err())
		_ = t.note(a.rows.Close())
	}
	return t.fatal
}

// failed is a context that has ended with any error. Only database/sql can make a
// row that carries an error; it puts the context's into it before it does anything.
type failed struct {
	context.Context
	err error
}

func (f failed) Err() error { return f.err }
func (failed) Done() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}
