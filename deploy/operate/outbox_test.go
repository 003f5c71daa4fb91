package operate_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

type waitingBox struct {
	Service          string
	Pending          int
	OldestAgeSeconds float64
	Events           []struct {
		ID, Key, About, LastError string
		Attempts                  int
		NextTryAt                 time.Time
	}
}

// stuck makes outboxes of which games' has an event that failed, one that a relay
// has, and one that is new.
func stuck(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, service := range []string{"users", "games", "payments"} {
		db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(dir, service+".db"))
		if err != nil {
			t.Fatal(err)
		}
		if err := sqlite.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if service == "games" {
			fail(t, db)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func fail(t *testing.T, db *sqldb.DB) {
	t.Helper()
	record := func(id string) outbox.Record {
		return outbox.Record{AggregateID: "pur-1", Type: "t", Message: bus.Message{ID: id, Key: "game.purchased", ContentType: "c", Body: []byte("{}")}}
	}
	write := func(ids ...string) {
		t.Helper()
		err := db.Write(t.Context(), func(ctx context.Context, tx sqldb.Querier) error {
			for _, id := range ids {
				if err := sqlite.Append(ctx, tx, record(id)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write("ev-failed", "ev-leased")
	s := sqlite.NewStore(db)
	claimed, err := s.Claim(t.Context(), "relay", 10, time.Hour)
	if err != nil || len(claimed) != 2 {
		t.Fatal(claimed, err)
	}
	err = s.Release(t.Context(), "relay", outbox.Failure{Seq: claimed[0].Seq, Reason: "no \x1b broker", RetryIn: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	write("ev-new")
}

func TestOutboxes(t *testing.T) {
	dir := stuck(t)
	status := mustRun(t, "outbox", "status", "-data", dir)
	has(t, status, "SERVICE", "users     0", "games     3", "payments  0", "game.purchased", "ev-failed", "pur-1", "in ", `no \x1b broker`, "under way", "due")
	boxes := decode[[]waitingBox](t, "outbox", "status", "-data", dir)
	if len(boxes) != 3 || boxes[1].Service != "games" || boxes[1].Pending != 3 || len(boxes[1].Events) != 3 || len(boxes[0].Events) != 0 {
		t.Fatalf("%+v", boxes)
	}
	if e := boxes[1].Events[0]; e.ID != "ev-failed" || e.Attempts != 1 || time.Until(e.NextTryAt) < 50*time.Minute {
		t.Errorf("%+v", e)
	}
	if few := decode[[]waitingBox](t, "outbox", "status", "-data", dir, "-limit", "1"); few[1].Pending != 3 || len(few[1].Events) != 1 {
		t.Errorf("%+v", few[1])
	}
	has(t, mustRun(t, "outbox", "retry", "-data", dir), "games     1", "users     0")
	has(t, mustRun(t, "outbox", "retry", "-data", dir), "games     0")
	if e := decode[[]waitingBox](t, "outbox", "status", "-data", dir)[1].Events[0]; time.Until(e.NextTryAt) > 0 || e.LastError == "" {
		t.Errorf("after the retry: %+v", e)
	}
}

// The database of a service may be on another machine: the others are shown.
func TestAnOutboxThatIsElsewhere(t *testing.T) {
	dir := stuck(t)
	if err := os.Remove(filepath.Join(dir, "users.db")); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, "outbox", "status", "-data", dir)
	has(t, out, "games     3")
	if err == nil {
		t.Error("nobody is told that users is missing")
	}
	has(t, err.Error(), "there is no database of users at "+filepath.Join(dir, "users.db"))
	// With flags they are found wherever they are.
	empty := t.TempDir()
	games := "sqlite:" + filepath.Join(dir, "games.db")
	has(t, mustRun(t, "outbox", "status", "-data", empty, "-games.db.dsn", games, "-users.db.dsn", games, "-payments.db.dsn", games), "payments  3")
	mustFail(t, "in the memory of its process", "outbox", "status", "-data", empty, "-games.db.dsn", "memory")
	mustFail(t, "want sqlite:<path>", "outbox", "status", "-data", empty, "-games.db.dsn", "postgres://x")
}

func TestALockedDatabase(t *testing.T) {
	dir := stuck(t)
	db, err := sql.Open("sqlite", filepath.Join(dir, "games.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "outbox", "status", "-data", dir) // who looks needs no lock
	mustFail(t, filepath.Join(dir, "games.db")+" is locked", "outbox", "retry", "-data", dir)
}

func TestADatabaseOfSomethingElse(t *testing.T) {
	dir := t.TempDir()
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(dir, "games.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	mustFail(t, "is not a database of games", "outbox", "status", "-data", dir)
	if err := os.WriteFile(filepath.Join(dir, "users.db"), []byte("no database at all, but long enough to look like one"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustFail(t, filepath.Join(dir, "users.db"), "outbox", "status", "-data", dir)
}
