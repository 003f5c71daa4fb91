package oracle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/test/chaos/oracle"
	"gamestore.example/users"
)

// violation is one thing gone wrong in a healthy store.
type violation struct {
	name string
	// check is the promise that it breaks.
	check string
	plant func(t *testing.T, s *oracle.Snapshot)
}

func moneyViolations() []violation {
	return []violation{
		{"charged twice under one key", oracle.CheckChargedOnce, func(t *testing.T, s *oracle.Snapshot) { charge(t, s, "done").Times = 2 }},
		{"charged under two keys", oracle.CheckChargedOnce, func(_ *testing.T, s *oracle.Snapshot) {
			s.Charges = append(s.Charges, oracle.Charge{Key: "other", Reference: "done", Amount: brl(1000), Times: 1})
		}},
		{"charged twice and refunded once", oracle.CheckChargedOnce, func(t *testing.T, s *oracle.Snapshot) {
			c := charge(t, s, "done")
			c.Times, c.Refunded = 2, 1000
		}},
		{"charged for nothing", oracle.CheckChargedKnown, func(t *testing.T, s *oracle.Snapshot) { charge(t, s, "no").Reference = "nobody" }},
		{"completed and not charged", oracle.CheckMoney, func(t *testing.T, s *oracle.Snapshot) { charge(t, s, "done").Times = 0 }},
		{"completed and refunded", oracle.CheckMoney, func(t *testing.T, s *oracle.Snapshot) { charge(t, s, "done").Refunded = 1000 }},
		{"completed and refunded in part", oracle.CheckMoney, func(t *testing.T, s *oracle.Snapshot) { charge(t, s, "done").Refunded = 1 }},
		{"charged another amount", oracle.CheckMoney, func(t *testing.T, s *oracle.Snapshot) { charge(t, s, "done").Amount = brl(999) }},
		{"free and charged", oracle.CheckMoney, func(_ *testing.T, s *oracle.Snapshot) {
			s.Charges = append(s.Charges, oracle.Charge{Key: "free", Reference: "free", Amount: brl(1), Times: 1})
		}},
		{"failed and charged", oracle.CheckMoney, func(t *testing.T, s *oracle.Snapshot) { charge(t, s, "no").Times = 1 }},
		{"cancelled and charged", oracle.CheckMoney, func(t *testing.T, s *oracle.Snapshot) { charge(t, s, "late").Refunded = 0 }},
		{"refunded and not given back", oracle.CheckMoney, func(t *testing.T, s *oracle.Snapshot) { charge(t, s, "back").Refunded = 0 }},
		{"refunded and never charged", oracle.CheckMoney, func(t *testing.T, s *oracle.Snapshot) { *charge(t, s, "back") = *charge(t, s, "no") }},
		{"a good method failed", oracle.CheckMethod, func(t *testing.T, s *oracle.Snapshot) { purchase(t, s, "no").Method = simulated.Timeout }},
		{"a declined method completed", oracle.CheckMethod, func(t *testing.T, s *oracle.Snapshot) { purchase(t, s, "done").Method = simulated.InsufficientFunds }},
		{"a free game failed", oracle.CheckMethod, func(t *testing.T, s *oracle.Snapshot) { purchase(t, s, "free").Status = games.StatusFailed }},
		{"no payment", oracle.CheckPayment, func(_ *testing.T, s *oracle.Snapshot) { s.Payments = s.Payments[1:] }},
		{"two payments", oracle.CheckPayment, func(_ *testing.T, s *oracle.Snapshot) {
			s.Payments = append(s.Payments, oracle.Payment{ID: "other", PurchaseID: "done", Amount: brl(1000), Status: payments.Completed})
		}},
		{"a payment for nothing", oracle.CheckPayment, func(_ *testing.T, s *oracle.Snapshot) {
			s.Payments = append(s.Payments, oracle.Payment{ID: "other", PurchaseID: "nothing", Status: payments.Failed})
		}},
		{"a payment for a free game", oracle.CheckPayment, func(_ *testing.T, s *oracle.Snapshot) {
			s.Payments = append(s.Payments, oracle.Payment{ID: "other", PurchaseID: "free", Status: payments.Completed})
		}},
		{"a payment of another amount", oracle.CheckPayment, func(t *testing.T, s *oracle.Snapshot) { payment(t, s, "done").Amount = brl(1) }},
		{"another payment", oracle.CheckPayment, func(t *testing.T, s *oracle.Snapshot) { purchase(t, s, "done").PaymentID = "pay-back" }},
		{"completed by no payment", oracle.CheckPayment, func(t *testing.T, s *oracle.Snapshot) { purchase(t, s, "done").PaymentID = "" }},
		{"completed, the payment failed", oracle.CheckPayment, func(t *testing.T, s *oracle.Snapshot) { payment(t, s, "done").Status = payments.Failed }},
		{"failed, the payment completed", oracle.CheckPayment, func(t *testing.T, s *oracle.Snapshot) { payment(t, s, "no").Status = payments.Completed }},
		{"refunded, the payment completed", oracle.CheckPayment, func(t *testing.T, s *oracle.Snapshot) { payment(t, s, "back").Status = payments.Completed }},
		{"cancelled, the payment completed", oracle.CheckPayment, func(t *testing.T, s *oracle.Snapshot) { payment(t, s, "late").Status = payments.Completed }},
		{"a pending purchase", oracle.CheckPending, func(t *testing.T, s *oracle.Snapshot) { purchase(t, s, "undone").Status = games.StatusPending }},
		{"a refund under way", oracle.CheckPending, func(t *testing.T, s *oracle.Snapshot) { purchase(t, s, "done").Status = games.StatusRefunding }},
		{"an unknown payment", oracle.CheckPending, func(t *testing.T, s *oracle.Snapshot) { payment(t, s, "undone").Status = payments.Unknown }},
		{"a payment for a person to look at", oracle.CheckPending, func(t *testing.T, s *oracle.Snapshot) { payment(t, s, "undone").Status = payments.ManualReview }},
	}
}

func storeViolations() []violation {
	game := func(change func(g *oracle.Game)) func(*testing.T, *oracle.Snapshot) {
		return func(_ *testing.T, s *oracle.Snapshot) { change(&s.Found[0]) }
	}
	return []violation{
		{"the counter is too high", oracle.CheckCounter, func(_ *testing.T, s *oracle.Snapshot) { s.Games[0].Purchases++ }},
		{"the counter is too low", oracle.CheckCounter, func(_ *testing.T, s *oracle.Snapshot) { s.Games[1].Purchases-- }},
		{"owned twice", oracle.CheckActive, func(t *testing.T, s *oracle.Snapshot) { *purchase(t, s, "no") = *purchase(t, s, "done") }},
		{"an event not sent", oracle.CheckUnsent, func(_ *testing.T, s *oracle.Snapshot) { s.Unsent = []oracle.Event{{ID: "1"}} }},
		{"a message not handled", oracle.CheckJournal, func(_ *testing.T, s *oracle.Snapshot) { s.Journal = []oracle.Message{{ID: "1"}} }},
		{"a dead letter", oracle.CheckDead, func(_ *testing.T, s *oracle.Snapshot) { s.Journal = []oracle.Message{{ID: "1", Dead: true}} }},
		{"a planted letter is dead by another reason", oracle.CheckDead, func(_ *testing.T, s *oracle.Snapshot) {
			s.Planted = []oracle.Message{{ID: "1", Queue: "q", Reason: "poison"}}
			s.Journal = []oracle.Message{{ID: "1", Queue: "q", Reason: "internal", Dead: true}}
		}},
		{"a planted letter is dead twice", oracle.CheckDead, func(_ *testing.T, s *oracle.Snapshot) {
			s.Planted = []oracle.Message{{ID: "1", Queue: "q", Reason: "poison"}}
			s.Journal = slices.Repeat([]oracle.Message{{ID: "1", Queue: "q", Reason: "poison", Dead: true}}, 2)
		}},
		{"a planted letter is gone", oracle.CheckPlanted, func(_ *testing.T, s *oracle.Snapshot) {
			s.Planted = []oracle.Message{{ID: "1", Queue: "q", Reason: "poison"}}
		}},
		{"the index counts less", oracle.CheckIndex, game(func(g *oracle.Game) { g.Purchases = 0 })},
		{"the index has an old description", oracle.CheckIndex, game(func(g *oracle.Game) { g.Description = "old" })},
		{"the index has an old price", oracle.CheckIndex, game(func(g *oracle.Game) { g.Price = brl(1) })},
		{"a game is not found", oracle.CheckIndex, func(_ *testing.T, s *oracle.Snapshot) { s.Found = s.Found[1:] }},
		{"a deleted game is found", oracle.CheckIndex, func(_ *testing.T, s *oracle.Snapshot) { s.Found = append(s.Found, s.Games[2]) }},
		{"an unknown game is found", oracle.CheckIndex, func(_ *testing.T, s *oracle.Snapshot) { s.Found = append(s.Found, oracle.Game{ID: "what"}) }},
		{"a game is found twice", oracle.CheckIndex, func(_ *testing.T, s *oracle.Snapshot) { s.Found = append(s.Found, s.Found[1]) }},
		{"the order is wrong", oracle.CheckIndex, func(_ *testing.T, s *oracle.Snapshot) { s.Found[0], s.Found[1] = s.Found[1], s.Found[0] }},
		{"the history misses an end", oracle.CheckHistory, func(_ *testing.T, s *oracle.Snapshot) { s.History = s.History[1:] }},
		{"the history tells an end twice", oracle.CheckHistory, func(_ *testing.T, s *oracle.Snapshot) { tell(s, "ana", "done", users.PurchaseCompleted) }},
		{"the history tells an end that is not", oracle.CheckHistory, func(_ *testing.T, s *oracle.Snapshot) { tell(s, "ana", "done", users.PurchaseFailed) }},
		{"a deleted account owns a purchase", oracle.CheckForgotten, func(t *testing.T, s *oracle.Snapshot) { purchase(t, s, "late").UserID = "carl" }},
		{"nobody's purchase", oracle.CheckForgotten, func(t *testing.T, s *oracle.Snapshot) { purchase(t, s, "late").UserID = "" }},
	}
}

func toldViolations() []violation {
	was := func(id string, status games.Status) func(*testing.T, *oracle.Snapshot) {
		return func(_ *testing.T, s *oracle.Snapshot) { told(s, id, func(p *oracle.Purchase) { p.Status = status }) }
	}
	return []violation{
		{"a lost purchase", oracle.CheckAccepted, func(_ *testing.T, s *oracle.Snapshot) { s.Told.Purchases["lost"] = oracle.Purchase{ID: "lost"} }},
		{"a purchase of another game", oracle.CheckAccepted, func(_ *testing.T, s *oracle.Snapshot) { told(s, "done", func(p *oracle.Purchase) { p.GameID = "tag" }) }},
		{"a purchase at another price", oracle.CheckAccepted, func(_ *testing.T, s *oracle.Snapshot) { told(s, "done", func(p *oracle.Purchase) { p.Price = brl(1) }) }},
		{"a purchase by another method", oracle.CheckAccepted, func(_ *testing.T, s *oracle.Snapshot) { told(s, "done", func(p *oracle.Purchase) { p.Method = "x" }) }},
		{"somebody else's purchase", oracle.CheckAccepted, func(t *testing.T, s *oracle.Snapshot) { purchase(t, s, "done").UserID = "bob" }},
		{"completed, then failed", oracle.CheckBack, was("no", games.StatusCompleted)},
		{"refunding, then completed", oracle.CheckBack, was("done", games.StatusRefunding)},
		{"refunded, then completed", oracle.CheckBack, was("done", games.StatusRefunded)},
		{"failed, then completed", oracle.CheckBack, was("done", games.StatusFailed)},
		{"cancelled, then completed", oracle.CheckBack, was("done", games.StatusCancelled)},
		{"a key with two purchases", oracle.CheckReplay, func(_ *testing.T, s *oracle.Snapshot) { s.Told.Answers["key"][1].PurchaseID = "back" }},
		{"a key with another answer", oracle.CheckReplay, func(_ *testing.T, s *oracle.Snapshot) { s.Told.Answers["key"][1].Status = games.StatusCompleted }},
		{"a lost account", oracle.CheckAccount, func(_ *testing.T, s *oracle.Snapshot) { s.Told.Accounts["dora"] = oracle.Account{ID: "dora"} }},
		{"a deleted account lives", oracle.CheckAccount, func(_ *testing.T, s *oracle.Snapshot) {
			s.Told.Accounts["ana"] = oracle.Account{ID: "ana", Deleted: true}
		}},
		{"a lost game", oracle.CheckCatalogue, func(_ *testing.T, s *oracle.Snapshot) { s.Told.Games["lost"] = oracle.Game{ID: "lost"} }},
		{"a lost edit", oracle.CheckCatalogue, func(_ *testing.T, s *oracle.Snapshot) { s.Games[0].Version = 1 }},
		{"an edit with another text", oracle.CheckCatalogue, func(_ *testing.T, s *oracle.Snapshot) { s.Games[0].Description = "other" }},
		{"a deleted game is there", oracle.CheckCatalogue, func(_ *testing.T, s *oracle.Snapshot) { s.Games[2].Deleted = false }},
	}
}

func TestEveryViolationIsFound(t *testing.T) {
	shown := map[string]bool{}
	for _, v := range append(append(moneyViolations(), storeViolations()...), toldViolations()...) {
		shown[v.check] = true
		t.Run(v.name, func(t *testing.T) {
			s := healthy()
			v.plant(t, s)
			if findings := oracle.Audit(*s); !checksOf(findings)[v.check] {
				t.Errorf("not found: %s; found: %v", v.check, findings)
			}
		})
	}
	for _, name := range oracle.Promises() {
		if !shown[name] {
			t.Errorf("nothing shows that it can fail: %s", name)
		}
	}
}

func TestManyFindingsOfOneKindAreSummedUp(t *testing.T) {
	s := healthy()
	for i := range 1000 {
		s.Unsent = append(s.Unsent, oracle.Event{ID: fmt.Sprint(i)})
	}
	findings := oracle.Audit(*s)
	if len(findings) > 20 || !strings.HasPrefix(findings[len(findings)-1].What, "and 9") {
		t.Errorf("%d findings, the last: %v", len(findings), findings[len(findings)-1])
	}
}
