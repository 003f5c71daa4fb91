package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"gamestore.example/pkg/batch"
	"gamestore.example/pkg/errs"
)

// Querier runs statements: *sql.DB, *sql.Tx and what Write and Read give.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dsn string
	// writer and group are nil when it was opened for reading alone.
	writer *writer
	group  *batch.Group[*change]
	reader *reader
	close  func() error
	// watch is nil until Observe.
	watch *watch
}

type config struct {
	busyTimeout time.Duration
	maxBatch    int
}

// Option changes how a database is opened.
type Option func(*config)

// WithBusyTimeout sets how long a write waits for another process that holds the
// write lock before it fails as Unavailable. The default is 5 seconds.
func WithBusyTimeout(d time.Duration) Option { return func(c *config) { c.busyTimeout = d } }

// readers is the most connections that read at once.
func readers() int { return max(4, 2*runtime.GOMAXPROCS(0)) }

// WithMaxBatch sets the most changes of one commit. The default is 256. At 1
// each change has a transaction of its own.
func WithMaxBatch(n int) Option { return func(c *config) { c.maxBatch = n } }

// OpenSQLite opens the SQLite file at path. A missing one is made, with mode 0600, and
// so are its folders; a file that others may read or write is made private.
// The database is in WAL mode, syncs on every commit and checks foreign keys. Close it to
// free its goroutine and files.
func OpenSQLite(ctx context.Context, path string, opts ...Option) (*DB, error) {
	c := config{busyTimeout: 5 * time.Second, maxBatch: 256}
	for _, o := range opts {
		o(&c)
	}
	file, err := makeFile(path)
	if err != nil {
		return nil, err
	}
	db := &DB{dsn: writeDSN(file, c.busyTimeout)}
	if db.writer, err = openWriter(ctx, db.dsn); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, Classify(err))
	}
	if db.reader, err = openReader(ctx, readDSN(file, c.busyTimeout), readers()); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, Classify(err)), db.writer.close())
	}
	db.group = batch.NewGroup(c.maxBatch, db.writer.run)
	db.close = sync.OnceValue(func() error {
		db.group.Close()
		return errors.Join(db.reader.close(), db.writer.close())
	})
	return db, nil
}

// Write runs fn in a transaction and returns after the commit. What fn did is
// durable if and only if Write returns nil. Other callers' changes run before and
// after it in the same transaction; if fn fails or panics only its own change is
// rolled back, and Write returns that error.
//
// fn runs once at most. It must be quick, must do nothing but use tx, and must not keep tx;
// its ctx has the values of the caller's and never ends, so that nobody's
// cancellation can break what others wrote. A Write inside fn is refused. Deferred
// constraints are not for this place: they fail when all commit.
//
// If ctx ends before fn starts, fn never runs. If the commit fails the error is Unavailable;
// after a crash of the machine in that moment the change may be there nevertheless.
func (db *DB) Write(ctx context.Context, fn func(ctx context.Context, tx Querier) error) error {
	if db.group == nil {
		return errReadOnly
	}
	if ctx.Value(writingKey{}) == any(db.writer) {
		return errors.New("sqldb: Write inside Write")
	}
	if db.watch == nil {
		return db.write(ctx, fn)
	}
	return db.watch.write(ctx, func(ctx context.Context) error { return db.write(ctx, fn) })
}

func (db *DB) write(ctx context.Context, fn func(ctx context.Context, tx Querier) error) error {
	c := &change{ctx: ctx, fn: fn}
	if err := db.group.Do(ctx, c); err != nil {
		return err
	}
	return Classify(c.err)
}

// Read returns the read pool. Its statements cannot change anything. Close rows
// soon: they hold one of few connections.
func (db *DB) Read() Querier { return db.reader }

// Ping reads from the file.
func (db *DB) Ping(ctx context.Context) error {
	var n int
	return Classify(db.reader.pool.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)").Scan(&n))
}

// Close commits the changes that wait and closes the files. Writes after it are
// refused as Unavailable. Closing again does nothing more.
func (db *DB) Close() error { return db.close() }

// unavailable is what callers get for a failure of the database itself.
func unavailable(cause error) error {
	return errs.Wrap(cause, errs.Unavailable, "the database is not available, try again").WithRetryAfter(time.Second)
}
