package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/outboxtest"
	"gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB) *sqldb.DB {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "outbox.db"))
}

func openAt(t testing.TB, path string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenSQLite(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := sqlite.Migrate(context.Background(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

func appendTo(db *sqldb.DB) func(context.Context, ...outbox.Record) error {
	return func(ctx context.Context, records ...outbox.Record) error {
		return db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
			return sqlite.Append(ctx, tx, records...)
		})
	}
}

// age makes everything stored look older by d: the clock is the database's own.
func age(t testing.TB, db *sqldb.DB, d time.Duration) {
	t.Helper()
	us := d.Microseconds()
	err := db.Write(context.Background(), func(ctx context.Context, tx sqldb.Querier) error {
		_, err := tx.ExecContext(ctx, `UPDATE outbox SET created_at = created_at - ?1, available_at = available_at - ?1,
			lease_until = lease_until - ?1, sent_at = sent_at - ?1`, us)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE inbox SET received_at = received_at - ?`, us)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	outboxtest.RunStore(t, func(t *testing.T) outboxtest.Harness {
		db := open(t)
		return outboxtest.Harness{
			Store:   sqlite.NewStore(db),
			Append:  appendTo(db),
			Advance: func(d time.Duration) { age(t, db, d) },
		}
	})
}

func TestARollbackLeavesNoRecordAndNoInboxEntry(t *testing.T) {
	db := open(t)
	broken := errors.New("the effect failed")
	err := db.Write(t.Context(), func(ctx context.Context, tx sqldb.Querier) error {
		if first, err := sqlite.FirstSeen(ctx, tx, "payments", "m-1"); err != nil || !first {
			t.Errorf("first seen: %v, %v", first, err)
		}
		if err := sqlite.Append(ctx, tx, outboxtest.Records("a", 2)...); err != nil {
			t.Error(err)
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if st, err := sqlite.NewStore(db).Stats(t.Context()); err != nil || st.Pending != 0 {
		t.Errorf("%+v, %v after a rollback", st, err)
	}
	if !firstSeen(t, db, "payments", "m-1") {
		t.Error("the inbox remembers a message whose effect was rolled back")
	}
}

func firstSeen(t *testing.T, db *sqldb.DB, consumer, id string) (first bool) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx sqldb.Querier) (err error) {
		first, err = sqlite.FirstSeen(ctx, tx, consumer, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return first
}

func TestTheInboxKnowsAMessagePerConsumerForThirtyDays(t *testing.T) {
	db := open(t)
	store := sqlite.NewStore(db)
	if !firstSeen(t, db, "payments", "m-1") || !firstSeen(t, db, "search", "m-1") || firstSeen(t, db, "payments", "m-1") {
		t.Error("want the first of each consumer alone")
	}
	age(t, db, 29*24*time.Hour)
	if _, err := store.Prune(t.Context(), time.Hour, 100); err != nil {
		t.Fatal(err)
	}
	if firstSeen(t, db, "payments", "m-1") {
		t.Error("forgotten after 29 days")
	}
	age(t, db, 2*24*time.Hour)
	if _, err := store.Prune(t.Context(), time.Hour, 100); err != nil {
		t.Fatal(err)
	}
	if !firstSeen(t, db, "payments", "m-1") {
		t.Error("still known after 31 days")
	}
}

func TestTheSameEventTwiceIsAnError(t *testing.T) {
	db := open(t)
	if err := appendTo(db)(t.Context(), outboxtest.Records("a", 1)...); err != nil {
		t.Fatal(err)
	}
	if err := appendTo(db)(t.Context(), outboxtest.Records("a", 1)...); !sqldb.IsUnique(err, "outbox.id") {
		t.Errorf("got %v", err)
	}
	nameless := outboxtest.Records("b", 1)
	nameless[0].Message.ID = ""
	if err := appendTo(db)(t.Context(), nameless...); err == nil {
		t.Error("a record without an id was taken")
	}
}
