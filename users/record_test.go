package users_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
	"gamestore.example/users"
)

func completed(userID string, n int, at time.Time) users.RecordPurchase {
	return users.RecordPurchase{
		MessageID: fmt.Sprint("message-", n), Kind: users.PurchaseCompleted, UserID: userID, PurchaseID: fmt.Sprint("purchase-", n),
		GameID: "chess", Price: money.Money{Amount: 1999, Currency: "BRL"}, At: at,
	}
}

func TestHistoryPages(t *testing.T) {
	f := newFixture(t)
	u := f.signUp(email)
	for n := range 7 {
		c := completed(u.ID, n, f.clock.Now().Add(time.Duration(n+1)*time.Second))
		for range 2 { // each message comes twice
			if err := f.RecordPurchase(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	var (
		got    []string
		cursor string
		pages  int
	)
	for {
		page, err := f.History(t.Context(), users.GetHistory{UserID: u.ID, Limit: 4, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, e := range page.Entries {
			got = append(got, e.PurchaseID)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	want := []string{"purchase-6", "purchase-5", "purchase-4", "purchase-3", "purchase-2", "purchase-1", "purchase-0", ""}
	if pages != 2 || !slices.Equal(got, want) {
		t.Errorf("%d pages: %v", pages, got)
	}
}

func TestARefundIsToldOncePerRequest(t *testing.T) {
	f := newFixture(t)
	u := f.signUp(email)
	for n, version := range []int64{3, 3, 5, 0, 0} { // without a version nobody knows which request it was
		c := completed(u.ID, n, f.clock.Now())
		c.Kind, c.PurchaseID, c.Version = users.PurchaseRefundRequested, "purchase", version
		if err := f.RecordPurchase(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 2 { // two events, one end
		c := completed(u.ID, 10+n, f.clock.Now())
		c.PurchaseID, c.Version = "purchase", int64(10+n)
		if err := f.RecordPurchase(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	page, err := f.History(t.Context(), users.GetHistory{UserID: u.ID})
	if err != nil {
		t.Fatal(err)
	}
	told := map[users.EntryKind]int{}
	for _, e := range page.Entries {
		told[e.Kind]++
	}
	if told[users.PurchaseRefundRequested] != 4 || told[users.PurchaseCompleted] != 1 {
		t.Errorf("told %v", told)
	}
}

func TestHistoryRefusesNonsense(t *testing.T) {
	f := newFixture(t)
	u := f.signUp(email)
	for _, limit := range []int{-1, 101, 1 << 40} {
		_, err := f.History(t.Context(), users.GetHistory{UserID: u.ID, Limit: limit})
		wantFields(t, fmt.Sprint("limit ", limit), err, "limit")
	}
	encode := base64.RawURLEncoding.EncodeToString
	for _, cursor := range []string{
		"nonsense", "=", encode([]byte("1")), encode([]byte("1.")), encode([]byte("a.b")), encode([]byte("1.0")), encode([]byte("1.-1")),
		encode([]byte("01.1")), encode([]byte("1.1.1")), encode([]byte("99999999999999999999.1")), encode([]byte("1.1")) + "\n",
	} {
		_, err := f.History(t.Context(), users.GetHistory{UserID: u.ID, Cursor: cursor})
		wantError(t, fmt.Sprintf("cursor %q", cursor), err, users.ErrInvalidCursor)
	}
}

func TestPurchasesOfNobodyAreIgnored(t *testing.T) {
	f := newFixture(t)
	u := f.signUp(email)
	if err := f.DeleteAccount(t.Context(), users.DeleteAccount{UserID: u.ID}); err != nil {
		t.Fatal(err)
	}
	for n, id := range []string{u.ID, "nobody", "forgotten-1"} {
		if err := f.RecordPurchase(t.Context(), completed(id, n, f.clock.Now())); err != nil {
			t.Errorf("a purchase of %s: %v", id, err)
		}
	}
}

func TestAnIncompletePurchaseIsPoison(t *testing.T) {
	f := newFixture(t)
	u := f.signUp(email)
	for field, spoil := range map[string]func(*users.RecordPurchase){
		"messageId":  func(c *users.RecordPurchase) { c.MessageID = "" },
		"userId":     func(c *users.RecordPurchase) { c.UserID = "" },
		"purchaseId": func(c *users.RecordPurchase) { c.PurchaseID = "" },
		"gameId":     func(c *users.RecordPurchase) { c.GameID = "" },
		"at":         func(c *users.RecordPurchase) { c.At = time.Time{} },
		"kind":       func(c *users.RecordPurchase) { c.Kind = users.SignedUp },
		"price":      func(c *users.RecordPurchase) { c.Price.Amount = -1 },
	} {
		c := completed(u.ID, 1, f.clock.Now())
		spoil(&c)
		err := f.RecordPurchase(t.Context(), c)
		wantFields(t, "without a good "+field, err, field)
		if errs.SettleOf(err) != errs.Dead {
			t.Errorf("without a good %s it is settled as %v", field, errs.SettleOf(err))
		}
	}
}

func TestEnsureAdmin(t *testing.T) {
	f := newFixture(t)
	announced := map[string]string{}
	announce := func(email, password string) error { announced[email] = password; return nil }
	ensure := func(email, password string) error { return f.EnsureAdmin(t.Context(), email, password, announce) }

	f.signUp("squatter@example.com")
	wantError(t, "an ordinary account's address", ensure("squatter@example.com", ""), users.ErrEmailTaken)
	wantFields(t, "a common password", ensure("root@example.com", "password1"), "password")
	if len(announced) > 0 {
		t.Errorf("announced %v though nothing was made", announced)
	}
	silent := func(string, string) error { return errors.New("the terminal is gone") }
	if err := f.EnsureAdmin(t.Context(), "root@example.com", "", silent); err == nil {
		t.Error("an admin is made whose password nobody can know")
	}

	if err := ensure("Root@example.com", ""); err != nil {
		t.Fatal(err)
	}
	generated := announced["root@example.com"]
	f.login("root@example.com", generated)
	if err := ensure("other@example.com", "another long password"); err != nil || len(announced) != 1 {
		t.Errorf("with an admin: %v, announced %d", err, len(announced))
	}
	u, err := f.repo.UserByEmail(t.Context(), "root@example.com")
	if err != nil || !slices.Equal(u.Roles, []string{"user", "admin"}) {
		t.Errorf("the admin is %+v, %v", u, err)
	}
	if _, err := f.repo.UserByEmail(t.Context(), "other@example.com"); !errors.Is(err, users.ErrUserNotFound) {
		t.Error("a second admin was made")
	}
}

func TestEnsureAdminWithAPasswordAnnouncesNothing(t *testing.T) {
	f := newFixture(t)
	announce := func(string, string) error { t.Error("announced"); return nil }
	if err := f.EnsureAdmin(t.Context(), "root@example.com", password, announce); err != nil {
		t.Fatal(err)
	}
	f.login("root@example.com", password)
}
