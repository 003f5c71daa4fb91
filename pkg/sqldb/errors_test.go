package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/sqldb"
)

func TestIsUnique(t *testing.T) {
	db := open(t)
	exec := func(query string) error {
		return db.Write(t.Context(), func(ctx context.Context, tx sqldb.Querier) error {
			_, err := tx.ExecContext(ctx, query)
			return err
		})
	}
	for _, q := range []string{
		`INSERT INTO jobs (id) VALUES ('j')`,
		`INSERT INTO parts (id, job, pos) VALUES ('p', 'j', 1)`,
		`CREATE UNIQUE INDEX parts_lower ON parts (lower(id))`,
	} {
		if err := exec(q); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		query, index string
		want         bool
	}{
		{`INSERT INTO jobs (id) VALUES ('j')`, "", true},
		{`INSERT INTO jobs (id) VALUES ('j')`, "jobs.id", true},
		{`INSERT INTO jobs (id) VALUES ('j')`, "jobs.i", false},
		{`INSERT INTO parts (id, job, pos) VALUES ('P', 'j', 2)`, "parts_lower", true},
		{`INSERT INTO parts (id, job, pos) VALUES ('P', 'j', 2)`, "parts.id", false},
		{`INSERT INTO parts (id, job, pos) VALUES ('q', 'j', 1)`, "parts.job, parts.pos", true},
		{`INSERT INTO parts (id, job, pos) VALUES ('q', 'j', 1)`, "parts.job,parts.pos", true},
		{`INSERT INTO parts (id, job, pos) VALUES ('q', 'j', 1)`, "parts.id", false},
		{`INSERT INTO parts (id, job, pos) VALUES ('r', 'none', 1)`, "", false},
		{`INSERT INTO nowhere VALUES (1)`, "", false},
	} {
		err := exec(tc.query)
		if err == nil {
			t.Errorf("%s: no error", tc.query)
		}
		if got := sqldb.IsUnique(fmt.Errorf("repository: %w", err), tc.index); got != tc.want {
			t.Errorf("IsUnique(%v, %q) = %v", err, tc.index, got)
		}
	}
	if sqldb.IsUnique(nil, "") {
		t.Error("no error is no violation")
	}
}

func TestClassify(t *testing.T) {
	known := errs.New(errs.Conflict, "already-owned", "you own it")
	for _, tc := range []struct {
		err  error
		want errs.Class
	}{
		{fmt.Errorf("x: %w", known), errs.Conflict},
		{fmt.Errorf("x: %w", context.Canceled), errs.Timeout},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), errs.Timeout},
		{sql.ErrConnDone, errs.Unavailable},
		{sql.ErrNoRows, errs.Internal},
		{errors.New("else"), errs.Internal},
	} {
		got := sqldb.Classify(tc.err)
		if errs.ClassOf(got) != tc.want || !errors.Is(got, tc.err) {
			t.Errorf("Classify(%v) = %v", tc.err, got)
		}
	}
	if sqldb.Classify(nil) != nil {
		t.Error("nil became an error")
	}
}

func TestReadsCannotWriteAndEndWithTheDatabase(t *testing.T) {
	db := open(t)
	if err := insert("a")(t.Context(), db.Read()); err == nil {
		t.Error("the read pool wrote")
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.Read().QueryContext(canceled, `SELECT id FROM jobs`); !errors.Is(err, context.Canceled) {
		t.Errorf("query with an ended context: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if err := db.Ping(t.Context()); errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("ping after close: %v", err)
	}
	var n int
	err := db.Read().QueryRowContext(t.Context(), `SELECT 1`).Scan(&n)
	if errs.ClassOf(sqldb.Classify(err)) != errs.Unavailable {
		t.Errorf("read after close: %v", err)
	}
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"", ":memory:", "file:x.db", dir} {
		db, err := sqldb.OpenSQLite(t.Context(), path)
		if err == nil {
			_ = db.Close()
			t.Errorf("opened %q", path)
		}
	}
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte("certainly not a database, but long enough to be read as the head of one, or not"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := sqldb.OpenSQLite(t.Context(), text); err == nil {
		t.Error("opened a text file")
	}
}

func TestAnExistingFileBecomesPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a ?#%41 b.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	db, _ := openAt(t, path)
	if err := db.Write(t.Context(), insert("a")); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v; want the database and its two companions", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestMigrate(t *testing.T) {
	db, path := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	second, _ := openAt(t, path) // migrates again
	more := migrations()
	more["00002_more.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE more (id TEXT);\n")}
	fail := make(chan error, 4)
	for i := range cap(fail) {
		go func() { fail <- sqldb.Migrate(context.Background(), []*sqldb.DB{db, second}[i%2], "jobs", more) }()
	}
	for range cap(fail) {
		if err := <-fail; err != nil {
			t.Errorf("at once: %v", err)
		}
	}
	if err := sqldb.Migrate(t.Context(), db, "another", fstest.MapFS{"00001_a.sql": {Data: []byte("-- +goose Up\nCREATE TABLE a (id TEXT);\n")}}); err != nil {
		t.Errorf("another set: %v", err)
	}
	broken := fstest.MapFS{"00001_b.sql": {Data: []byte("-- +goose Up\nCREATE TABLE good (id TEXT);\nCREATE TABLE;\n")}}
	if err := sqldb.Migrate(t.Context(), db, "broken", broken); err == nil {
		t.Error("a broken migration succeeded")
	}
	var n int
	const tables = `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('jobs', 'more', 'a', 'good')`
	if err := db.Read().QueryRowContext(t.Context(), tables).Scan(&n); err != nil || n != 3 {
		t.Errorf("%d tables, %v; want 3", n, err)
	}
	if err := sqldb.Migrate(t.Context(), db, "No Name", more); err == nil {
		t.Error("a bad name was taken")
	}
}

func TestMicros(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 891234000, time.FixedZone("BRT", -3*3600))
	if got := sqldb.FromMicros(sqldb.Micros(at)); !got.Equal(at) || got.Location() != time.UTC {
		t.Errorf("got %v, want %v", got, at)
	}
	if sqldb.Micros(time.Time{}) != 0 || !sqldb.FromMicros(0).IsZero() {
		t.Error("the zero time is not 0")
	}
}
