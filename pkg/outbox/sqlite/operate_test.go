package sqlite_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/outboxtest"
	"gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

func ids(entries []sqlite.Entry) (ids []string) {
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestWhatWaitsAndWhy(t *testing.T) {
	db := open(t)
	s := sqlite.NewStore(db)
	records := outboxtest.Records("a", 3)
	records[0].AggregateID, records[1].AggregateID, records[2].AggregateID = "p-1", "p-2", "p-1"
	if err := appendTo(db)(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
	claimed, err := s.Claim(t.Context(), "relay", 2, time.Minute)
	if err != nil || len(claimed) != 2 {
		t.Fatal(claimed, err)
	}
	if err := s.MarkSent(t.Context(), "relay", claimed[0].Seq); err != nil {
		t.Fatal(err)
	}
	failure := outbox.Failure{Seq: claimed[1].Seq, Reason: "the broker is away", RetryIn: time.Hour}
	if err := s.Release(t.Context(), "relay", failure); err != nil {
		t.Fatal(err)
	}

	pending, err := s.Pending(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	want := []sqlite.Entry{
		{Seq: 2, ID: records[1].Message.ID, AggregateID: "p-2", Key: records[1].Message.Key, Attempts: 1, LastError: "the broker is away"},
		{Seq: 3, ID: records[2].Message.ID, AggregateID: "p-1", Key: records[2].Message.Key},
	}
	times := cmpopts.IgnoreFields(sqlite.Entry{}, "CreatedAt", "AvailableAt")
	if d := cmp.Diff(want, pending, times); d != "" {
		t.Error(d)
	}
	if wait := pending[0].AvailableAt.Sub(pending[0].CreatedAt); wait < 59*time.Minute || wait > 61*time.Minute {
		t.Errorf("due %v after it was made", wait)
	}
	if first, err := s.Pending(t.Context(), 1); err != nil || len(first) != 1 {
		t.Errorf("%d of at most 1, %v", len(first), err)
	}
	about, err := s.About(t.Context(), "p-1")
	if d := cmp.Diff([]string{records[0].Message.ID, records[2].Message.ID}, ids(about)); d != "" || err != nil {
		t.Fatal(d, err)
	}
	if about[0].SentAt.IsZero() || !about[1].SentAt.IsZero() {
		t.Errorf("sent at %v and %v", about[0].SentAt, about[1].SentAt)
	}
}

func TestRetryNowMakesDueWhatWaitsAfterAFailure(t *testing.T) {
	db := open(t)
	s := sqlite.NewStore(db)
	if err := appendTo(db)(t.Context(), outboxtest.Records("a", 3)...); err != nil {
		t.Fatal(err)
	}
	claimed, err := s.Claim(t.Context(), "relay", 2, time.Minute)
	if err != nil || len(claimed) != 2 {
		t.Fatal(claimed, err)
	}
	if err := s.Release(t.Context(), "relay", outbox.Failure{Seq: claimed[0].Seq, Reason: "no", RetryIn: time.Hour}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} { // again is harmless
		if n, err := s.RetryNow(t.Context()); err != nil || n != want {
			t.Errorf("%d made due, %v; want %d", n, err, want)
		}
	}
	// The second stays with its relay.
	again, err := s.Claim(t.Context(), "another", 10, time.Minute)
	if err != nil || len(again) != 2 || again[0].Seq != claimed[0].Seq || again[1].Seq != 3 {
		t.Errorf("claimed %+v, %v", again, err)
	}
}

func TestReceipts(t *testing.T) {
	db := open(t)
	err := db.Write(t.Context(), func(ctx context.Context, tx sqldb.Querier) error {
		for _, r := range [][2]string{{"games.payments", "m-1"}, {"games.users", "m-1"}, {"games.payments", "m-2"}} {
			if _, err := sqlite.FirstSeen(ctx, tx, r[0], r[1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := sqlite.NewStore(db)
	got, err := s.Receipts(t.Context(), []string{"games.payments", "games.index"}, []string{"m-1", "m-3"})
	want := []sqlite.Receipt{{Consumer: "games.payments", MessageID: "m-1"}}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(sqlite.Receipt{}, "At")); d != "" || err != nil {
		t.Fatal(d, err)
	}
	if age := time.Since(got[0].At); age < -time.Minute || age > time.Minute {
		t.Errorf("taken %v ago", age)
	}
	if got, err := s.Receipts(t.Context(), nil, []string{"m-1"}); len(got) != 0 || err != nil {
		t.Errorf("nobody took %v, %v", got, err)
	}
}
