package sqldb_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/sqldb"
)

// limitPages makes the database full at its present size, or lifts that again.
func limitPages(n int) fn {
	return func(ctx context.Context, tx sqldb.Querier) error {
		return tx.QueryRowContext(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, n)).Scan(&n)
	}
}

func TestAFullDatabaseIsUnavailableForAllOfTheBatch(t *testing.T) {
	db := open(t)
	big := func(ctx context.Context, tx sqldb.Querier) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO jobs (id, n) VALUES ('big', zeroblob(100000))`)
		if err == nil {
			t.Error("the database is not full")
		}
		// What comes after must not be committed on its own.
		_ = insert("stray")(ctx, tx)
		return nil
	}
	after := false
	results := together(t, db, limitPages(1), insert("a"), big, func(ctx context.Context, tx sqldb.Querier) error {
		after = true
		return insert("b")(ctx, tx)
	})
	for i, err := range results {
		if errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if after {
		t.Error("a change ran in a transaction that was over")
	}
	// The page limit went with the connection: the next change succeeds.
	if err := db.Write(context.Background(), insert("next")); err != nil || count(t, db) != 1 {
		t.Errorf("afterwards: %v, %d rows", err, count(t, db))
	}
}

// TestATransactionThatEndedUnseen: a conflict clause can roll all back.
func TestATransactionThatEndedUnseen(t *testing.T) {
	db := open(t)
	end := func(ctx context.Context, tx sqldb.Querier) error {
		_, _ = tx.ExecContext(ctx, `INSERT OR ROLLBACK INTO jobs (id) VALUES ('a')`)
		return nil
	}
	for i, err := range together(t, db, insert("a"), end, insert("b")) {
		if errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if err := db.Write(context.Background(), insert("next")); err != nil || count(t, db) != 1 {
		t.Errorf("afterwards: %v, %d rows", err, count(t, db))
	}
}

func TestAFailedCommitIsUnavailableForAll(t *testing.T) {
	db := open(t)
	err := db.Write(context.Background(), func(ctx context.Context, tx sqldb.Querier) error {
		_, err := tx.ExecContext(ctx, `CREATE TABLE late (job TEXT REFERENCES jobs (id) DEFERRABLE INITIALLY DEFERRED)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	orphan := func(ctx context.Context, tx sqldb.Querier) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO late (job) VALUES ('nobody')`)
		return err
	}
	for i, err := range together(t, db, insert("a"), orphan) {
		if errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if err := db.Write(context.Background(), orphan); errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("alone: %v", err)
	}
	if err := db.Write(context.Background(), insert("next")); err != nil || count(t, db) != 1 {
		t.Errorf("afterwards: %v, %d rows", err, count(t, db))
	}
}

func TestAnotherProcessMayWriteToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db, _ := openAt(t, path, sqldb.WithBusyTimeout(50*time.Millisecond))
	other, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	exec := func(query string) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	exec(`BEGIN IMMEDIATE`)
	exec(`INSERT INTO jobs (id) VALUES ('theirs')`)
	if err := db.Write(t.Context(), insert("early")); errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("while the other writes: %v", err)
	}
	exec(`COMMIT`)
	if err := db.Write(t.Context(), insert("ours")); err != nil || count(t, db) != 2 {
		t.Errorf("afterwards: %v, %d rows", err, count(t, db))
	}
}
