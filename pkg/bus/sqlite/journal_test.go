package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/bustest"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/errs"
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

func TestTheJournalKeepsWhatItIsTold(t *testing.T) {
	db := openDB(t, filepath.Join(t.TempDir(), "bus.db"))
	if err := sqlite.Migrate(t.Context(), db); err != nil {
		t.Fatalf("migrating again: %v", err)
	}
	j := sqlite.NewJournal(db)
	msg := bus.Message{ID: "m", Key: "game.purchased", ContentType: "text/plain", Headers: map[string]string{"h": "ü"}, Body: []byte{0, 255}, Attempt: 1}
	due := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	entries := []memory.Entry{
		{Queue: "a", Message: msg}, {Queue: "b", Message: msg}, {Queue: "a", Message: bus.Message{ID: "bare", Attempt: 1}}, {Queue: "a", Message: msg},
	}
	if err := j.Append(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	retried, dead := entries[0], entries[3]
	retried.Message.Attempt, retried.Due, dead.Message.Attempt = 3, due, 5
	unknown := memory.Entry{ID: 4711}
	settlements := []memory.Settlement{
		{Entry: retried, Outcome: errs.Retry},
		{Entry: memory.Entry{ID: entries[1].ID}, Outcome: errs.Ack},
		{Entry: dead, Outcome: errs.Dead, Reason: "bad-body", At: due},
		{Entry: unknown, Outcome: errs.Ack}, {Entry: unknown, Outcome: errs.Retry}, {Entry: unknown, Outcome: errs.Dead},
	}
	for range 2 { // after an unclear commit the same ones come again
		if err := j.Settle(t.Context(), settlements); err != nil {
			t.Fatal(err)
		}
	}
	got, n, err := j.Load(t.Context(), "a")
	if err != nil || n != 1 {
		t.Errorf("%d dead, %v", n, err)
	}
	if d := cmp.Diff([]memory.Entry{retried, entries[2]}, got, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	if got, n, err := j.Load(t.Context(), "b"); len(got) != 0 || n != 0 || err != nil {
		t.Errorf("b has %v and %d dead, %v", got, n, err)
	}
	letters, err := j.DeadLetters(t.Context(), 10)
	want := []bus.DeadLetter{{Message: dead.Message, Queue: "a", Reason: "bad-body", At: due}}
	if d := cmp.Diff(want, letters); d != "" || err != nil {
		t.Error(d, err)
	}
}

// An id that comes again would let a late settlement of an old message erase a new one.
func TestIDsAreNeverGivenTwice(t *testing.T) {
	j := sqlite.NewJournal(openDB(t, filepath.Join(t.TempDir(), "bus.db")))
	seen := map[int64]bool{}
	for range 5 {
		e := []memory.Entry{{Queue: "a"}}
		if err := j.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if seen[e[0].ID] {
			t.Errorf("id %d comes again", e[0].ID)
		}
		seen[e[0].ID] = true
		if err := j.Settle(t.Context(), []memory.Settlement{{Entry: e[0], Outcome: errs.Ack}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADatabaseThatIsDownIsUnavailable(t *testing.T) {
	db := openDB(t, filepath.Join(t.TempDir(), "bus.db"))
	j := sqlite.NewJournal(db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, load := j.Load(t.Context(), "a")
	_, list := j.DeadLetters(t.Context(), 1)
	_, replay := j.Replay(t.Context(), "a", "m")
	for what, err := range map[string]error{
		"Append": j.Append(t.Context(), []memory.Entry{{Queue: "a"}}), "Settle": j.Settle(t.Context(), nil),
		"Load": load, "DeadLetters": list, "Replay": replay, "Drop": j.Drop(t.Context(), "a", "m"), "Begin": j.Begin(t.Context(), 1),
	} {
		if errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAReplayBeforeTheQueueIsDeclared(t *testing.T) {
	db := openDB(t, filepath.Join(t.TempDir(), "bus.db"))
	q := bus.Queue{Name: "late.declared", Keys: []string{"k"}}
	j := sqlite.NewJournal(db)
	e := []memory.Entry{{Queue: q.Name, Message: bus.Message{ID: "m", Key: "k", Attempt: 1}}}
	if err := errors.Join(j.Append(t.Context(), e),
		j.Settle(t.Context(), []memory.Settlement{{Entry: e[0], Outcome: errs.Dead, Reason: "bad-body", At: time.Unix(1, 0)}})); err != nil {
		t.Fatal(err)
	}
	b := memory.New(memory.WithJournal(j))
	if err := b.Replay(t.Context(), q.Name, "m"); err != nil {
		t.Fatal(err)
	}
	if err := b.Declare(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	handled := 0
	if err := b.Consume(ctx, q, func(context.Context, bus.Message) error { handled++; cancel(); return nil }); err != nil || handled != 1 {
		t.Errorf("%d handled, %v", handled, err)
	}
}

// What only waits while something else ends the process is not to blame.
func TestABacklogOutlivesManyStarts(t *testing.T) {
	db := openDB(t, filepath.Join(t.TempDir(), "bus.db"))
	j := sqlite.NewJournal(db)
	entries := []memory.Entry{{Queue: "a", Message: bus.Message{ID: "delivered"}}, {Queue: "a", Message: bus.Message{ID: "waits"}}, {Queue: "a", Message: bus.Message{ID: "retried"}}}
	if err := j.Append(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	for start := range 100 {
		loaded, dead, err := j.Load(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if wantDead := start >= 20; (dead == 1) != wantDead || len(loaded)+dead != 3 {
			t.Fatalf("start %d: %d entries and %d dead", start, len(loaded), dead)
		}
		for _, e := range loaded {
			if e.Suspect != (start >= 5 && e.Message.ID != "retried") {
				t.Errorf("start %d: %s is suspect: %v", start, e.Message.ID, e.Suspect)
			}
			if e.Message.ID == "delivered" && e.Suspect {
				err = errors.Join(err, j.Begin(t.Context(), e.ID))
			}
			if e.Message.ID == "retried" { // it did no harm
				err = errors.Join(err, j.Settle(t.Context(), []memory.Settlement{{Entry: e, Outcome: errs.Retry}}))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
