package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"

	"modernc.org/sqlite"

	"gamestore.example/pkg/fault"
)

// writer owns the write connection. Only the goroutine of its group uses it.
type writer struct {
	pool *sql.DB
	// conn is nil after a failure; the next batch opens another.
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// errBegin marks a failure before anything was done.
var errBegin = errors.New("begin")

// change is one caller's part of a batch, and its result.
type change struct {
	ctx context.Context
	fn  func(ctx context.Context, tx Querier) error
	err error
}

func openWriter(ctx context.Context, dsn string) (*writer, error) {
	// fdatasync is as durable as fsync for a database and does not wait for the
	// time stamps of the file. Where the platform has none, fsync stays.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, err
	}
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	w := &writer{pool: pool, stmts: map[string]*sql.Stmt{}}
	if err := w.connect(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return w, nil
}

func (w *writer) connect(ctx context.Context) (err error) {
	if w.conn == nil {
		w.conn, err = w.pool.Conn(ctx)
	}
	return err
}

// run is the group's call: one transaction for all changes. When the transaction
// as a whole fails, nobody's change is there and each caller hears so.
func (w *writer) run(changes []*change) {
	err := w.transact(changes)
	if err == nil {
		return
	}
	if !isBusyAtBegin(err) {
		w.reset()
	}
	err = unavailable(err)
	for _, c := range changes {
		c.err = err
	}
}

func (w *writer) transact(changes []*change) error {
	ctx := context.Background()
	if err := w.connect(ctx); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := w.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("%w: %w", errBegin, err)
	}
	if len(changes) == 1 {
		return w.transactOne(ctx, changes[0])
	}
	for _, c := range changes {
		if err := w.inSavepoint(ctx, c); err != nil {
			return err
		}
	}
	return w.commit(ctx)
}

// transactOne needs no savepoint: what fails is all there is.
func (w *writer) transactOne(ctx context.Context, c *change) error {
	if err := w.apply(c); err != nil {
		return err
	}
	if c.err == nil {
		return w.commit(ctx)
	}
	if err := w.exec(ctx, "ROLLBACK"); err != nil {
		return fmt.Errorf("roll back after %w: %w", c.err, err)
	}
	return nil
}

func (w *writer) inSavepoint(ctx context.Context, c *change) error {
	if err := w.exec(ctx, "SAVEPOINT change"); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	if err := w.apply(c); err != nil {
		return err
	}
	if c.err != nil {
		if err := w.exec(ctx, "ROLLBACK TO change"); err != nil {
			return fmt.Errorf("roll back after %w: %w", c.err, err)
		}
	}
	if err := w.exec(ctx, "RELEASE change"); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return nil
}

// apply runs the change and keeps its error in it. The error it returns is one
// that ends the transaction of all.
func (w *writer) apply(c *change) error {
	t := &tx{w: w}
	c.err = t.call(c)
	return t.end()
}

func (t *tx) call(c *change) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sqldb: the change panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return c.fn(writing{Context: c.ctx, writer: t.w}, t)
}

func (w *writer) commit(ctx context.Context) error {
	fault.Point("sqldb.before-commit")
	if err := w.exec(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	fault.Point("sqldb.after-commit")
	return nil
}

// reset throws the connection away, and with it whatever is left of its
// transaction. Its state is not worth finding out.
func (w *writer) reset() {
	w.closeStmts()
	if w.conn == nil {
		return
	}
	// The pool closes a connection that reports itself as bad.
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = w.conn.Close()
	w.conn = nil
}

func (w *writer) closeStmts() {
	for _, s := range w.stmts {
		_ = s.Close()
	}
	clear(w.stmts)
}

// close must come after the group's end.
func (w *writer) close() error {
	w.closeStmts()
	var err error
	if w.conn != nil {
		err = w.conn.Close()
		w.conn = nil
	}
	return errors.Join(err, w.pool.Close())
}

func (w *writer) exec(ctx context.Context, query string) error {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return err
	}
	if s == nil {
		_, err = w.conn.ExecContext(ctx, query)
		return err
	}
	_, err = s.ExecContext(ctx)
	return err
}

// maxStmts bounds the statements that are kept prepared. One that comes later is
// prepared for each use.
const maxStmts = 256

// stmt returns the prepared statement of a text, or nil if there are too many.
func (w *writer) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := w.stmts[query]; s != nil || len(w.stmts) >= maxStmts {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	w.stmts[query] = s
	return s, nil
}
