package sqldb_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/sqldb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const schema = `-- +goose Up
CREATE TABLE jobs (id TEXT PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0);
CREATE TABLE parts (id TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs (id), pos INTEGER, UNIQUE (job, pos));
`

func migrations() fstest.MapFS {
	return fstest.MapFS{"00001_jobs.sql": {Data: []byte(schema)}}
}

// open returns a database with the tables above, in a file of its own.
func open(t testing.TB, opts ...sqldb.Option) *sqldb.DB {
	t.Helper()
	db, _ := openAt(t, filepath.Join(t.TempDir(), "test.db"), opts...)
	return db
}

func openAt(t testing.TB, path string, opts ...sqldb.Option) (*sqldb.DB, string) {
	t.Helper()
	db, err := sqldb.OpenSQLite(context.Background(), path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := sqldb.Migrate(context.Background(), db, "jobs", migrations()); err != nil {
		t.Fatal(err)
	}
	return db, path
}

func insert(id string) func(context.Context, sqldb.Querier) error {
	return func(ctx context.Context, tx sqldb.Querier) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO jobs (id) VALUES (?)`, id)
		return err
	}
}

func count(t testing.TB, db *sqldb.DB) (n int) {
	t.Helper()
	if err := db.Read().QueryRowContext(context.Background(), `SELECT count(*) FROM jobs`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatWriteConfirmedIsThere(t *testing.T) {
	db, path := openAt(t, filepath.Join(t.TempDir(), "folder", "test.db"))
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			if err := db.Write(context.Background(), insert(strconv.Itoa(i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := count(t, db); n != 200 {
		t.Errorf("%d rows before closing, want 200", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(context.Background(), insert("late")); errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("write after close: %v", err)
	}
	again, _ := openAt(t, path)
	if n := count(t, again); n != 200 {
		t.Errorf("%d rows after opening again, want 200", n)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
}

// together runs changes in one batch, in order: it holds the writer with a first
// change until all of them wait.
func together(t *testing.T, db *sqldb.DB, fns ...func(context.Context, sqldb.Querier) error) []error {
	t.Helper()
	release := hold(db)
	var wg sync.WaitGroup
	results := make([]error, len(fns))
	for i, fn := range fns {
		wg.Go(func() { results[i] = db.Write(context.Background(), fn) })
		sqldb.WaitForWaiting(db, i+1)
	}
	release()
	wg.Wait()
	return results
}

func TestAFailedChangeTakesOnlyItselfBack(t *testing.T) {
	db := open(t)
	broken := errors.New("broken")
	results := together(t, db,
		insert("a"),
		func(ctx context.Context, tx sqldb.Querier) error {
			if err := insert("b")(ctx, tx); err != nil {
				return err
			}
			return broken
		},
		func(ctx context.Context, tx sqldb.Querier) error {
			_ = insert("c")(ctx, tx)
			panic("c")
		},
		insert("d"),
	)
	if results[0] != nil || results[3] != nil {
		t.Errorf("the good changes failed: %v", results)
	}
	if !errors.Is(results[1], broken) || results[2] == nil || errs.ClassOf(results[2]) != errs.Internal {
		t.Errorf("got %v", results)
	}
	if n := count(t, db); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}
