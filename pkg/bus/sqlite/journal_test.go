package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"gamestore.example/pkg/bus/bustest"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/sqldb"
)

func TestContract(t *testing.T) {
	bustest.Run(t, func(t *testing.T) bustest.Harness { return open(t, filepath.Join(t.TempDir(), "bus.db")) },
		bustest.Features{Durable: true})
}

// open returns a harness on a file. Its Reopen closes the file under the old bus,
// which from then on can write nothing any more, as if its process were dead.
func open(t *testing.T, file string) bustest.Harness {
	t.Helper()
	db := openDB(t, file)
	b := memory.New(memory.WithJournal(sqlite.NewJournal(db)),
		memory.WithRetry(time.Millisecond, 2*time.Millisecond, 3*time.Millisecond))
	return bustest.Harness{Bus: b, Dead: b, Attempts: 4, Reopen: func() bustest.Harness {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		return open(t, file)
	}}
}

func openDB(t *testing.T, file string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := sqlite.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db
}
