package oracle_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/payments"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/memory"
	bussqlite "gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/outbox"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
	"gamestore.example/test/chaos/oracle"
)

// open makes a database as the store does, open as in a running one.
func open(t *testing.T, dir, name string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What a healthy run never has must be seen all the same.
func TestTheFilesOfARunningStoreAreRead(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	folder := oracle.Folder{Path: dir}
	if moving, err := folder.Moving(ctx); moving != "" || err != nil {
		t.Fatalf("an empty folder: %q, %v", moving, err)
	}
	appendEvent(t, open(t, dir, "games.db"))
	appendMessages(t, open(t, dir, "bus.db"))
	chargeAndRefund(t, open(t, dir, "payments-ledger.db"))

	moving, err := folder.Moving(ctx)
	if want := "1 in bus_entries of bus.db, 1 in outbox of games.db"; moving != want || err != nil {
		t.Errorf("moving %q, %v, want %q", moving, err, want)
	}
	got, err := folder.Snapshot(ctx)
	must(t, err)
	want := oracle.Snapshot{
		Unsent: []oracle.Event{{File: "games.db", ID: "event", Key: "game.purchased"}},
		Journal: []oracle.Message{
			{ID: "one", Queue: "q", Key: "a.b"},
			{ID: "two", Queue: "q", Key: "a.b", Dead: true, Reason: "invalid"},
		},
		Charges: []oracle.Charge{
			{Key: "declined", Reference: "p2", Amount: brl(700)},
			{Key: "kept", Reference: "p1", Amount: brl(500), Times: 1, Refunded: 500},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func appendEvent(t *testing.T, db *sqldb.DB) {
	ctx := t.Context()
	must(t, outboxsqlite.Migrate(ctx, db))
	must(t, db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		return outboxsqlite.Append(ctx, tx, outbox.Record{Message: bus.Message{ID: "event", Key: "game.purchased"}})
	}))
}

func appendMessages(t *testing.T, db *sqldb.DB) {
	ctx := t.Context()
	must(t, bussqlite.Migrate(ctx, db))
	journal := bussqlite.NewJournal(db)
	entries := []memory.Entry{
		{Queue: "q", Message: bus.Message{ID: "one", Key: "a.b"}},
		{Queue: "q", Message: bus.Message{ID: "two", Key: "a.b"}},
	}
	must(t, journal.Append(ctx, entries))
	must(t, journal.Settle(ctx, []memory.Settlement{{Entry: entries[1], Outcome: errs.Dead, Reason: "invalid", At: time.Now()}}))
}

func chargeAndRefund(t *testing.T, db *sqldb.DB) {
	ctx := t.Context()
	ledger, err := simulated.NewSQLiteLedger(ctx, db)
	must(t, err)
	provider, err := simulated.NewProvider(simulated.Config{Secret: []byte("a secret of the tests")}, ledger, time.Now, func() string { return "id" })
	must(t, err)
	_, err = provider.Charge(ctx, payments.ChargeRequest{Key: "kept", Reference: "p1", Amount: brl(500)})
	must(t, err)
	_, err = provider.Refund(ctx, payments.RefundRequest{Key: "r", ChargeKey: "kept", Amount: brl(500)})
	must(t, err)
	if _, err := provider.Charge(ctx, payments.ChargeRequest{Key: "declined", Reference: "p2", Amount: brl(700), Method: simulated.Declined}); err == nil {
		t.Error("a declined charge succeeded")
	}
}

func TestAFileThatIsNoDatabaseIsAnError(t *testing.T) {
	dir := t.TempDir()
	folder := oracle.Folder{Path: dir}
	must(t, os.WriteFile(filepath.Join(dir, "games.db"), []byte("this is no database, though it is long enough to be looked at"), 0o600))
	if _, err := folder.Snapshot(t.Context()); err == nil {
		t.Error("the snapshot has no error")
	}
	if _, err := folder.Moving(t.Context()); err == nil {
		t.Error("moving has no error")
	}
}
