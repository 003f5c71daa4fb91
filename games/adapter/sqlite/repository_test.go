package sqlite_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"gamestore.example/games/adapter/sqlite"
	"gamestore.example/games/gamestest"
	"gamestore.example/pkg/outbox"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "games.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 2 { // migrating again changes nothing
		if err := sqlite.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if err := outboxsqlite.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestRepository(t *testing.T) {
	gamestest.RunRepository(t, func(t *testing.T, encode gamestest.Encoder) gamestest.Harness {
		db := open(t)
		return gamestest.Harness{Repository: sqlite.NewRepository(db, encode, outbox.NewSignal()), Outbox: outboxsqlite.NewStore(db)}
	})
}
