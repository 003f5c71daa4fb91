package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/errs"
)

func TestWhereAMessageWaits(t *testing.T) {
	j := sqlite.NewJournal(openDB(t, filepath.Join(t.TempDir(), "bus.db")))
	entries := []memory.Entry{
		{Queue: "a", Message: bus.Message{ID: "m", Attempt: 2}}, {Queue: "b", Message: bus.Message{ID: "m", Attempt: 1}},
		{Queue: "a", Message: bus.Message{ID: "other", Attempt: 1}},
	}
	if err := j.Append(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	dead := memory.Settlement{Entry: entries[1], Outcome: errs.Dead, Reason: "bad-body", At: time.Unix(1, 0)}
	if err := j.Settle(t.Context(), []memory.Settlement{dead}); err != nil {
		t.Fatal(err)
	}
	got, err := j.Waiting(t.Context(), "m", "unknown")
	if err != nil || len(got) != 1 || got[0].Queue != "a" || got[0].Message.Attempt != 2 {
		t.Errorf("waits in %+v, %v", got, err)
	}
	if got, err := j.Waiting(t.Context()); len(got) != 0 || err != nil {
		t.Errorf("nothing asked for, got %v, %v", got, err)
	}
}
