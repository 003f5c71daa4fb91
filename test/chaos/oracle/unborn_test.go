package oracle_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/test/chaos/oracle"
)

// A first start that is killed in its first moments leaves a database with a
// rollback journal, which only a writer can clean up. Nothing is in it yet.
func TestADatabaseThatWasNeverBornIsEmpty(t *testing.T) {
	ctx, alive, killed := t.Context(), t.TempDir(), t.TempDir()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(alive, "bus.db"))
	must(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, statement := range []string{
		"PRAGMA journal_mode = DELETE", "PRAGMA cache_size = 1", "CREATE TABLE first (x)", "BEGIN IMMEDIATE", "CREATE TABLE filling (x)",
		"INSERT INTO filling WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT randomblob(1000) FROM n",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatal(statement, err)
		}
	}
	for _, name := range []string{"bus.db", "bus.db-journal"} {
		content, err := os.ReadFile(filepath.Join(alive, name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(killed, name), content, 0o600))
	}
	got, err := oracle.Folder{Path: killed}.Snapshot(ctx)
	must(t, err)
	if diff := cmp.Diff(oracle.Snapshot{}, got); diff != "" {
		t.Error(diff)
	}
}
