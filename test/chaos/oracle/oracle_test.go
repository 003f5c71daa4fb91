package oracle_test

import (
	"testing"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/pkg/money"
	"gamestore.example/test/chaos/oracle"
	"gamestore.example/users"
)

// healthy is a store at rest with a purchase of every kind, and clients who know
// of them.
func healthy() *oracle.Snapshot {
	s := &oracle.Snapshot{
		AtRest: true,
		Games: []oracle.Game{
			{ID: "chess", Name: "Chess", Price: brl(1000), Purchases: 1, Version: 2},
			{ID: "tag", Name: "Tag", Purchases: 1, Version: 1},
			{ID: "gone", Name: "Gone", Price: brl(500), Version: 2, Deleted: true},
		},
		Accounts: []oracle.Account{{ID: "ana"}, {ID: "bob"}, {ID: "carl", Deleted: true}},
		Told: oracle.Told{
			Purchases: map[string]oracle.Purchase{},
			Accounts:  map[string]oracle.Account{"ana": {ID: "ana"}, "carl": {ID: "carl", Deleted: true}},
			Games:     map[string]oracle.Game{"chess": {ID: "chess", Name: "Chess", Price: brl(1000), Version: 2}, "gone": {ID: "gone", Version: 2, Deleted: true}},
			Answers:   map[string][]oracle.Answer{"key": {{PurchaseID: "done", Status: games.StatusPending}, {PurchaseID: "done", Status: games.StatusPending}}},
		},
	}
	s.Found = []oracle.Game{s.Games[0], s.Games[1]}
	sell(s, oracle.Purchase{ID: "done", UserID: "ana", GameID: "chess", Status: games.StatusCompleted}, payments.Completed)
	sell(s, oracle.Purchase{ID: "back", UserID: "bob", GameID: "chess", Status: games.StatusRefunded}, payments.Refunded)
	sell(s, oracle.Purchase{ID: "no", UserID: "bob", GameID: "chess", Method: simulated.Declined, Status: games.StatusFailed}, payments.Failed)
	sell(s, oracle.Purchase{ID: "undone", UserID: "bob", GameID: "chess", Status: games.StatusCancelled}, payments.Failed)
	sell(s, oracle.Purchase{ID: "late", UserID: games.ForgottenUser("late"), GameID: "chess", Status: games.StatusCancelled}, payments.Refunded)
	s.Purchases = append(s.Purchases, oracle.Purchase{ID: "free", UserID: "ana", GameID: "tag", Status: games.StatusCompleted})
	tell(s, "ana", "done", users.PurchaseCompleted)
	tell(s, "ana", "free", users.PurchaseCompleted)
	tell(s, "bob", "back", users.PurchaseCompleted)
	tell(s, "bob", "back", users.PurchaseRefunded)
	tell(s, "bob", "no", users.PurchaseFailed)
	tell(s, "bob", "undone", users.PurchaseCancelled)
	for _, p := range s.Purchases {
		p.Status = games.StatusPending
		s.Told.Purchases[p.ID] = p
	}
	late := s.Told.Purchases["late"]
	late.UserID = "carl"
	s.Told.Purchases["late"] = late
	return s
}

func brl(amount int64) money.Money { return money.Money{Amount: amount, Currency: "BRL"} }

// sell adds a purchase for 10 BRL with its payment and what the provider knows of it.
func sell(s *oracle.Snapshot, p oracle.Purchase, status payments.Status) {
	p.Price, p.PaymentID = brl(1000), "pay-"+p.ID
	s.Purchases = append(s.Purchases, p)
	s.Payments = append(s.Payments, oracle.Payment{ID: p.PaymentID, PurchaseID: p.ID, Amount: p.Price, Status: status})
	c := oracle.Charge{Key: p.PaymentID, Reference: p.ID, Amount: p.Price}
	if status.Paid() {
		c.Times = 1
	}
	if status == payments.Refunded {
		c.Refunded = 1000
	}
	s.Charges = append(s.Charges, c)
}

func tell(s *oracle.Snapshot, user, purchase string, kind users.EntryKind) {
	s.History = append(s.History, oracle.HistoryEntry{UserID: user, PurchaseID: purchase, Kind: kind})
}

// find returns a pointer to the one element of which is returns true.
func find[T any](t *testing.T, list []T, is func(T) bool) *T {
	t.Helper()
	for i := range list {
		if is(list[i]) {
			return &list[i]
		}
	}
	t.Fatal("the healthy store lacks something")
	return nil
}

func purchase(t *testing.T, s *oracle.Snapshot, id string) *oracle.Purchase {
	return find(t, s.Purchases, func(p oracle.Purchase) bool { return p.ID == id })
}

func payment(t *testing.T, s *oracle.Snapshot, purchase string) *oracle.Payment {
	return find(t, s.Payments, func(p oracle.Payment) bool { return p.PurchaseID == purchase })
}

func charge(t *testing.T, s *oracle.Snapshot, purchase string) *oracle.Charge {
	return find(t, s.Charges, func(c oracle.Charge) bool { return c.Reference == purchase })
}

func told(s *oracle.Snapshot, id string, change func(*oracle.Purchase)) {
	p := s.Told.Purchases[id]
	change(&p)
	s.Told.Purchases[id] = p
}

func checksOf(findings []oracle.Finding) map[string]bool {
	names := map[string]bool{}
	for _, f := range findings {
		names[f.Check] = true
	}
	return names
}

func TestAHealthyStoreHasNoFindings(t *testing.T) {
	for _, f := range oracle.Audit(*healthy()) {
		t.Error(f)
	}
}

func TestPlantedDeadLettersAreExpected(t *testing.T) {
	s := healthy()
	s.Planted = []oracle.Message{{ID: "1", Queue: "games.payments", Reason: "malformed-event"}}
	s.Journal = []oracle.Message{{ID: "1", Queue: "games.payments", Key: "payment.completed", Dead: true, Reason: "malformed-event"}}
	for _, f := range oracle.Audit(*s) {
		t.Error(f)
	}
}

// What is under way is no violation in a store that was killed just now.
func TestAKilledStoreMayBeUnderWay(t *testing.T) {
	s := healthy()
	s.AtRest, s.Found = false, nil
	purchase(t, s, "done").Status = games.StatusRefunding
	payment(t, s, "done").Status = payments.Refunding
	charge(t, s, "late").Refunded = 0
	payment(t, s, "late").Status = payments.Completed
	s.Purchases = append(s.Purchases, oracle.Purchase{ID: "new", UserID: "ana", GameID: "gone", Price: brl(500), Status: games.StatusPending})
	s.Unsent = []oracle.Event{{File: "games.db", ID: "1", Key: "game.purchased"}}
	s.Journal = []oracle.Message{{ID: "2", Queue: "users.history", Key: "purchase.completed"}}
	s.History = nil
	for _, f := range oracle.Audit(*s) {
		t.Error(f)
	}
	s.AtRest, s.Found = true, []oracle.Game{s.Games[0], s.Games[1]}
	got := checksOf(oracle.Audit(*s))
	for _, want := range []string{oracle.CheckPending, oracle.CheckMoney, oracle.CheckPayment, oracle.CheckUnsent, oracle.CheckJournal, oracle.CheckHistory} {
		if !got[want] {
			t.Errorf("at rest it is no violation of: %s", want)
		}
	}
}

// A charge that was never made of a purchase that was cancelled stays unknown.
func TestAnUnknownPaymentOfACancelledPurchase(t *testing.T) {
	for _, tc := range []struct {
		name  string
		plant func(s *oracle.Snapshot)
		fine  bool
	}{
		{"the provider does not know it", func(*oracle.Snapshot) {}, true},
		{"the provider knows it", func(s *oracle.Snapshot) {
			s.Charges = append(s.Charges, oracle.Charge{Key: "pay-undone", Reference: "undone", Amount: brl(1000)})
		}, false},
		{"the payment does not know of the cancellation", func(s *oracle.Snapshot) { payment(t, s, "undone").Cancelled = false }, false},
		{"the purchase is not cancelled", func(s *oracle.Snapshot) {
			*purchase(t, s, "undone") = oracle.Purchase{ID: "undone", UserID: "bob", GameID: "chess", Price: brl(1000), Status: games.StatusFailed}
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := healthy()
			pay := payment(t, s, "undone")
			pay.Status, pay.Cancelled = payments.Unknown, true
			*charge(t, s, "undone") = oracle.Charge{Key: "pay-done", Reference: "done", Amount: brl(1000)}
			tc.plant(s)
			if findings := oracle.Audit(*s); (len(findings) == 0) != tc.fine {
				t.Error(findings)
			}
		})
	}
}
