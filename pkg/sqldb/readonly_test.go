package sqldb_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gamestore.example/pkg/sqldb"
)

func writeInto(ctx context.Context, db *sqldb.DB, statement string) error {
	return db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	})
}

func TestSomebodyWhoLooksSeesWhatIsCommittedAndChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := sqldb.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeInto(t.Context(), db, `CREATE TABLE t (n INTEGER)`); err != nil {
		t.Fatal(err)
	}
	look := func(want int) {
		t.Helper()
		ro, err := sqldb.OpenReadOnly(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer ro.Close()
		var n int
		if err := ro.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM t`).Scan(&n); err != nil || n != want {
			t.Errorf("%d rows, %v; want %d", n, err, want)
		}
		if err := ro.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := ro.Read().ExecContext(t.Context(), `INSERT INTO t VALUES (7)`); err == nil {
			t.Error("a reader wrote")
		}
		if err := writeInto(t.Context(), ro, `INSERT INTO t VALUES (8)`); err == nil {
			t.Error("a reader's Write was not refused")
		}
	}
	look(0)
	if err := writeInto(t.Context(), db, `INSERT INTO t VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	look(1) // while the writer is there
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	look(1) // when it is gone
	look(1)
}

func TestLookingMakesNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.db")
	if _, err := sqldb.OpenReadOnly(t.Context(), path); !errors.Is(err, sqldb.ErrNoDatabase) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file now: %v", err)
	}
	if _, err := sqldb.OpenReadOnly(t.Context(), t.TempDir()); err == nil {
		t.Error("a folder was opened")
	}
}
