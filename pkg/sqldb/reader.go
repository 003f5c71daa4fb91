package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

// reader is a pool of connections that only read, with prepared statements.
type reader struct {
	pool *sql.DB
	// watch is nil until DB.Observe.
	watch *watch

	mu    sync.RWMutex
	stmts map[string]*sql.Stmt
}

func openReader(ctx context.Context, dsn string, n int) (*reader, error) {
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &reader{pool: pool, stmts: map[string]*sql.Stmt{}}, nil
}

// ExecContext runs a statement that returns no rows; one that changes data fails.
func (r *reader) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := r.stmt(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return r.pool.ExecContext(ctx, query, args...)
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext runs a query. Close its rows.
func (r *reader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	defer r.reading(ctx, time.Now())
	s, err := r.stmt(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return r.pool.QueryContext(ctx, query, args...)
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext runs a query that returns one row.
func (r *reader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	defer r.reading(ctx, time.Now())
	s, err := r.stmt(ctx, query)
	if err != nil || s == nil {
		// What could not be prepared fails again here, inside the row.
		return r.pool.QueryRowContext(ctx, query, args...)
	}
	return s.QueryRowContext(ctx, args...)
}

// stmt returns the prepared statement of a text, or nil if there are too many.
// Statements stay until Close, since another goroutine may be about to use one.
func (r *reader) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	r.mu.RLock()
	s, full := r.stmts[query], len(r.stmts) >= maxStmts
	r.mu.RUnlock()
	if s != nil || full {
		return s, nil
	}
	s, err := r.pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if other := r.stmts[query]; other != nil {
		return other, s.Close()
	}
	r.stmts[query] = s
	return s, nil
}

func (r *reader) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var failed []error
	for _, s := range r.stmts {
		failed = append(failed, s.Close())
	}
	clear(r.stmts)
	return errors.Join(append(failed, r.pool.Close())...)
}
