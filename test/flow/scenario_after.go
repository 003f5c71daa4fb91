package flow

import (
	"errors"
	"slices"
	"testing"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/users"
)

// cancel gives up a purchase whose payment hangs. Where the machine hangs for longer
// than the payment does, she gives the game back and tries again.
func (s *story) cancel() {
	s.t.Helper()
	giveUp := func(p games.Purchase) (games.Receipt, error) {
		return s.d.Games.CancelPurchase(s.ana.Ctx, games.CancelPurchase{PurchaseID: p.ID})
	}
	p := Buy(s.t, s.d, s.ana, s.given.ID, CardTimeout)
	r, err := giveUp(p)
	for errors.Is(err, games.ErrNotCancellable) {
		s.late++
		Refund(s.t, s.d, s.ana, p.ID)
		p = Buy(s.t, s.d, s.ana, s.given.ID, CardTimeout)
		r, err = giveUp(p)
	}
	for range 2 {
		s.must(err, "cancel")
		if s.cancelled = r.Purchase; s.cancelled.Status != games.StatusCancelled {
			s.t.Errorf("cancelled as %+v", r.Purchase)
		}
		r, err = giveUp(p)
	}
	if Owns(s.t, s.d, s.ana, s.given.ID) {
		s.t.Error("she owns what she gave up")
	}
	if _, err = giveUp(s.first); !errors.Is(err, games.ErrNotCancellable) {
		s.t.Errorf("cancel what is complete: %v", err)
	}
}

func (s *story) refund() {
	s.t.Helper()
	r, err := s.d.Games.RequestRefund(s.ana.Ctx, games.RequestRefund{PurchaseID: s.first.ID})
	s.must(err, "refund")
	if r.Purchase.Status != games.StatusRefunding {
		s.t.Errorf("refund accepted as %+v", r.Purchase)
	}
	Await(s.t, s.d, s.ana, s.first.ID, games.StatusRefunded)
	AwaitPayment(s.t, s.d, s.ana, s.first.ID, payments.Refunded)
	if Owns(s.t, s.d, s.ana, s.bought.ID) {
		s.t.Error("she owns what she gave back")
	}
	g, err := s.d.Games.GetGame(s.ana.Ctx, games.GetGame{GameID: s.bought.ID})
	s.must(err, "read the game")
	if g.Purchases != 0 {
		s.t.Errorf("the game counts %d purchases after the refund", g.Purchases)
	}
}

// remember reads all purchases page by page, and the account's history.
func (s *story) remember() {
	s.t.Helper()
	var statuses []games.Status
	var cursor string
	for {
		page, err := s.d.Games.ListPurchases(s.ana.Ctx, games.MyPage{Limit: 2, Cursor: cursor})
		s.must(err, "purchases")
		for _, p := range page.Purchases {
			statuses = append(statuses, p.Status)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	want := append([]games.Status{games.StatusCancelled}, slices.Repeat([]games.Status{games.StatusRefunded}, s.late)...)
	want = append(want, games.StatusCompleted, games.StatusCompleted, games.StatusFailed, games.StatusRefunded)
	if !slices.Equal(statuses, want) {
		s.t.Errorf("the purchases, newest first, are %v, want %v", statuses, want)
	}
	told := map[users.EntryKind]int{
		users.SignedUp: 1, users.PurchaseCompleted: 3 + s.late, users.PurchaseFailed: 1,
		users.PurchaseCancelled: 1, users.PurchaseRefundRequested: 1 + s.late, users.PurchaseRefunded: 1 + s.late,
	}
	Eventually(s.t, "the account's history tells of all of it", func() bool {
		page, err := s.d.Users.History(s.ana.Ctx, users.GetHistory{Limit: users.MaxPageSize})
		s.must(err, "history")
		for kind, n := range told {
			if count(page.Entries, kind) != n {
				return false
			}
		}
		return len(page.Entries) == 8+3*s.late
	})
}

func count(entries []users.Entry, kind users.EntryKind) int {
	n := 0
	for _, e := range entries {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// nothingKept wants the money of the cancelled purchase back, or never taken.
func (s *story) nothingKept() {
	s.t.Helper()
	Eventually(s.t, "the cancelled purchase costs nothing", func() bool {
		payment, err := s.d.Payments.FindPayment(s.ana.Ctx, payments.FindPayment{PurchaseID: s.cancelled.ID})
		return err == nil && (payment.Status == payments.Refunded || payment.Status == payments.Failed)
	})
}

// leave exchanges the refresh token once, and logs out.
func (s *story) leave() {
	s.t.Helper()
	next, err := s.d.Users.Refresh(s.t.Context(), users.Refresh{Token: s.ana.Tokens.Refresh})
	s.must(err, "refresh")
	s.must(s.d.Users.Logout(s.t.Context(), users.Logout{Token: next.Refresh}), "log out")
	if _, err := s.d.Users.Refresh(s.t.Context(), users.Refresh{Token: next.Refresh}); !errors.Is(err, users.ErrInvalidRefreshToken) {
		s.t.Errorf("refresh after the logout: %v", err)
	}
}

// wantLink wants the error, with the way to a purchase among its details.
func wantLink(t testing.TB, err, want error, purchaseID string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
		return
	}
	details := errs.From(err).Details
	if details["purchaseId"] != purchaseID || details["purchase"] != "/api/purchases/"+purchaseID {
		t.Errorf("the details are %v, want the way to %s", details, purchaseID)
	}
}
