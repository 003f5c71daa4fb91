package sqlite_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/outboxtest"
	"gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

// handOver is a change whose records are handed over.
func handOver(db *sqldb.DB, s outbox.Signal) func(context.Context, ...outbox.Record) error {
	return func(ctx context.Context, records ...outbox.Record) error {
		h := s.Handover()
		err := db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
			return sqlite.HandOver(ctx, tx, h, records...)
		})
		h.Done(err == nil)
		return err
	}
}

func startRelay(t *testing.T, db *sqldb.DB, pub bus.Publisher) (stop func(), signal outbox.Signal) {
	t.Helper()
	signal = outbox.NewSignal()
	relay, err := outbox.NewRelay(sqlite.NewStore(db), pub, signal, outbox.RelayConfig{}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = relay.Run(ctx) })
	return func() { cancel(); running.Wait() }, signal
}

// lossy is a bus that takes messages only when told.
type lossy struct{ taken chan bus.Message }

func (l lossy) Publish(ctx context.Context, msgs ...bus.Message) []error {
	results := make([]error, len(msgs))
	for i, m := range msgs {
		select {
		case l.taken <- m:
		case <-ctx.Done():
			results[i] = ctx.Err()
		}
	}
	return results
}

func TestARecordThatIsHandedOverIsStoredWithItsLease(t *testing.T) {
	db := open(t)
	l := lossy{taken: make(chan bus.Message)}
	stop, signal := startRelay(t, db, l)
	defer stop()
	h := signal.Handover()
	for _, ok := h.Lease(); !ok; _, ok = h.Lease() { // until the relay runs
		h.Done(false)
	}
	h.Done(false)
	want := outboxtest.Records("a", 1)[0]
	if err := handOver(db, signal)(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	// The relay holds it and the bus does not take it: nobody else gets it.
	store := sqlite.NewStore(db)
	if got, err := store.Claim(t.Context(), "another", 10, time.Minute); err != nil || len(got) != 0 {
		t.Errorf("another relay claimed %d records, %v", len(got), err)
	}
	m := <-l.taken
	if m.ID != want.Message.ID || string(m.Body) != string(want.Message.Body) || m.Key != want.Message.Key {
		t.Errorf("published %+v, want %+v", m, want.Message)
	}
	stop()
	if st, err := store.Stats(t.Context()); err != nil || st.Pending != 0 {
		t.Errorf("%+v, %v: it is not marked as sent", st, err)
	}
}

func TestARollbackHandsNothingOver(t *testing.T) {
	db, signal := openAt(t, filepath.Join(t.TempDir(), "x.db")), outbox.NewSignal()
	broken := errors.New("the effect failed")
	h := signal.Handover()
	err := db.Write(t.Context(), func(ctx context.Context, tx sqldb.Querier) error {
		return errors.Join(broken, sqlite.HandOver(ctx, tx, h, outboxtest.Records("a", 2)...))
	})
	h.Done(err == nil)
	if st, statsErr := sqlite.NewStore(db).Stats(t.Context()); !errors.Is(err, broken) || statsErr != nil || st.Pending != 0 {
		t.Errorf("%v, %+v, %v after a rollback", err, st, statsErr)
	}
}

// Marking sees to the numbers that it was given and to no others.
func TestMarkSentLeavesTheGaps(t *testing.T) {
	db := open(t)
	store := sqlite.NewStore(db)
	if err := appendTo(db)(t.Context(), outboxtest.Records("a", 10)...); err != nil {
		t.Fatal(err)
	}
	records, err := store.Claim(t.Context(), "me", 10, time.Minute)
	if err != nil || len(records) != 10 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	at := func(i int) int64 { return records[i].Seq }
	if err := store.MarkSent(t.Context(), "me", at(9), at(0), at(1), at(2), at(5), at(6)); err != nil {
		t.Fatal(err)
	}
	age(t, db, 2*time.Minute)
	left, err := store.Claim(t.Context(), "another", 10, time.Minute)
	if err != nil || len(left) != 4 {
		t.Fatalf("%d records are left, %v; want 4", len(left), err)
	}
	for i, want := range []int{3, 4, 7, 8} {
		if left[i].Seq != at(want) {
			t.Errorf("number %d is left, want %d", left[i].Seq, at(want))
		}
	}
}
