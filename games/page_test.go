package games_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
)

func TestPagesOfPurchasesAndLibrary(t *testing.T) {
	s := open(t, games.Config{})
	var purchases, library []string
	for i := range 5 {
		p := s.buy("u", s.add(fmt.Sprint("Game ", i), 1999).ID)
		purchases = append([]string{p.ID}, purchases...)
		if i%2 == 0 {
			s.hear(s.PaymentCompleted, paid(p), games.Applied)
			library = append([]string{p.ID}, library...)
		}
	}
	for limit := 1; limit <= 6; limit++ {
		var got []string
		for q, more := (games.MyPage{UserID: "u", Limit: limit}), true; more; {
			page, err := s.ListPurchases(t.Context(), q)
			s.ok(err)
			for _, p := range page.Purchases {
				got = append(got, p.ID)
			}
			q.Cursor, more = page.NextCursor, page.NextCursor != ""
		}
		s.equal("purchases", purchases, got)
		got = nil
		for q, more := (games.MyPage{UserID: "u", Limit: limit}), true; more; {
			page, err := s.Library(t.Context(), q)
			s.ok(err)
			for _, o := range page.Items {
				got = append(got, o.Purchase.ID)
			}
			q.Cursor, more = page.NextCursor, page.NextCursor != ""
		}
		s.equal("library", library, got)
	}
}

func TestACursorIsOfOneList(t *testing.T) {
	s := open(t, games.Config{})
	for i := range 2 {
		s.own("u", s.add(fmt.Sprint("Game ", i), 1999).ID)
	}
	purchases, err := s.ListPurchases(t.Context(), games.MyPage{UserID: "u", Limit: 1})
	s.ok(err)
	_, err = s.Library(t.Context(), games.MyPage{UserID: "u", Cursor: purchases.NextCursor})
	s.fails(err, games.ErrInvalidCursor)
	_, err = s.ListPurchases(t.Context(), games.MyPage{UserID: "u", Cursor: purchases.NextCursor + "="})
	s.fails(err, games.ErrInvalidCursor)
	for _, limit := range []int{-1, 101} {
		_, err = s.ListPurchases(t.Context(), games.MyPage{UserID: "u", Limit: limit})
		s.equal("class", errs.Invalid, errs.ClassOf(err))
		_, err = s.Library(t.Context(), games.MyPage{UserID: "u", Limit: limit})
		s.equal("class", errs.Invalid, errs.ClassOf(err))
	}
}

func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "x", "p.0.id", "p.zz.id", "l.0.id", "p.-1.id", "p.99999999999999999999.id", "p.0.", "p..id"} {
		f.Add(seed)
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(seed)))
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		s := open(t, games.Config{})
		_, err := s.ListPurchases(t.Context(), games.MyPage{UserID: "u", Cursor: cursor})
		if err != nil && errs.CodeOf(err) != games.ErrInvalidCursor.Code {
			t.Errorf("%q: %v", cursor, err)
		}
	})
}
