package userstest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"gamestore.example/pkg/money"
	"gamestore.example/users"
)

func purchase(kind users.EntryKind, id string, at time.Time) users.Entry {
	return users.Entry{
		UserID: "user-1", Kind: kind, At: at, PurchaseID: id, GameID: "game of " + id,
		Price: money.Money{Amount: 1999, Currency: "BRL"},
	}
}

func (s *suite) add(messageID string, e users.Entry, want bool) {
	s.t.Helper()
	got, err := s.Repo.AddEntry(s.ctx(), messageID, e)
	if err != nil || got != want {
		s.t.Errorf("AddEntry of %s = %v, %v; want %v", messageID, got, err, want)
	}
}

// purchases returns the purchase ids of entries.
func purchases(entries []users.Entry) []string {
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.PurchaseID)
	}
	return ids
}

func historyPages(t *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com") // the oldest entry
	late := base().Add(time.Hour)
	s.add("m-1", purchase(users.PurchaseCompleted, "p-1", late), true)
	s.add("m-2", purchase(users.PurchaseCompleted, "p-2", late), true)                // the same time, later by Seq
	s.add("m-3", purchase(users.PurchaseFailed, "p-3", late.Add(-time.Minute)), true) // arrives late
	s.add("m-4", purchase(users.PurchaseCompleted, "p-4", late.Add(time.Microsecond)), true)

	all := s.history("user-1")
	s.equal("order", purchases(all), []string{"p-4", "p-2", "p-1", "p-3", ""})
	want := purchase(users.PurchaseFailed, "p-3", late.Add(-time.Minute))
	want.Seq = all[3].Seq
	s.equal("entry", all[3], want)
	s.equal("sign-up", all[4], users.Entry{Seq: all[4].Seq, UserID: "user-1", Kind: users.SignedUp, At: base()})

	for size := 1; size <= len(all)+1; size++ {
		var got []users.Entry
		for after := (users.Position{}); ; {
			page, err := s.Repo.History(t.Context(), "user-1", after, size)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			if len(page) > size {
				t.Fatalf("a page of %d entries, at most %d are wanted", len(page), size)
			}
			got = append(got, page...)
			last := page[len(page)-1]
			after = users.Position{At: last.At, Seq: last.Seq}
		}
		s.equal(fmt.Sprintf("pages of %d", size), got, all)
	}
}

func duplicateMessage(_ *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com")
	s.add("m-1", purchase(users.PurchaseRefundRequested, "p-1", base()), true)
	s.add("m-1", purchase(users.PurchaseRefundRequested, "p-1", base()), false)
	s.add("m-1", purchase(users.PurchaseCompleted, "p-2", base()), false)
	s.equal("purchases", purchases(s.history("user-1")), []string{"p-1", ""})
}

func toldOnce(_ *testing.T, s *suite) {
	once := func(what string, at time.Time) users.Entry {
		e := purchase(users.PurchaseCancelled, "p-1", at)
		e.Once = what
		return e
	}
	s.signUp("user-1", "ana@example.com")
	s.add("m-1", once("a", base()), true)
	s.add("m-2", once("a", base().Add(time.Hour)), false)
	s.add("m-3", once("b", base()), true)
	s.add("m-4", once("", base()), true)
	s.add("m-5", once("", base()), true)
	s.equal("number of entries", len(s.history("user-1")), 5)
}

func entriesOfTheDead(_ *testing.T, s *suite) {
	s.add("m-1", purchase(users.PurchaseCompleted, "p-1", base()), false)
	s.signUp("user-1", "ana@example.com")
	s.add("m-2", purchase(users.PurchaseCompleted, "p-2", base()), true)
	s.erase("user-1")
	s.add("m-3", purchase(users.PurchaseCompleted, "p-3", base()), false)
	s.equal("history", s.history("user-1"), []users.Entry(nil))
}

func messageRace(t *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com")
	var added atomic.Int32
	race(func(int) {
		ok, err := s.Repo.AddEntry(t.Context(), "m-1", purchase(users.PurchaseRefundRequested, "p-1", base()))
		if err != nil {
			t.Errorf("AddEntry: %v", err)
		}
		if ok {
			added.Add(1)
		}
	})
	s.equal("times added", int(added.Load()), 1)
	s.equal("number of entries", len(s.history("user-1")), 2)
}
