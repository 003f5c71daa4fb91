package sqlite_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"gamestore.example/payments/adapter/sqlite"
	"gamestore.example/payments/paymentstest"
	"gamestore.example/pkg/outbox"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRepository(t *testing.T) {
	paymentstest.RunRepository(t, func(t *testing.T, encode paymentstest.Encoder) paymentstest.Harness {
		db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "payments.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		for range 2 { // migrations are idempotent
			if err := sqlite.Migrate(t.Context(), db); err != nil {
				t.Fatal(err)
			}
		}
		if err := outboxsqlite.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		return paymentstest.Harness{
			Repo: sqlite.NewRepository(db, encode, outbox.NewSignal()), Outbox: outboxsqlite.NewStore(db),
		}
	})
}
