package chaos_test

import (
	"fmt"
	"strings"
	"testing"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/test/chaos"
	"gamestore.example/users"
)

// violation is one thing gone wrong in a healthy store.
type violation struct {
	name string
	// check is the promise that it breaks.
	check string
	plant func(t *testing.T, s *chaos.Snapshot)
}

func moneyViolations() []violation {
	return []violation{
		{"charged twice under one key", chaos.CheckChargedOnce, func(t *testing.T, s *chaos.Snapshot) { charge(t, s, "done").Times = 2 }},
		{"charged under two keys", chaos.CheckChargedOnce, func(_ *testing.T, s *chaos.Snapshot) {
			s.Charges = append(s.Charges, chaos.Charge{Key: "other", Reference: "done", Amount: brl(1000), Times: 1})
		}},
		{"charged twice and refunded once", chaos.CheckChargedOnce, func(t *testing.T, s *chaos.Snapshot) {
			c := charge(t, s, "done")
			c.Times, c.Refunded = 2, 1000
		}},
		{"charged for nothing", chaos.CheckChargedKnown, func(t *testing.T, s *chaos.Snapshot) { charge(t, s, "no").Reference = "nobody" }},
		{"completed and not charged", chaos.CheckMoney, func(t *testing.T, s *chaos.Snapshot) { charge(t, s, "done").Times = 0 }},
		{"completed and refunded", chaos.CheckMoney, func(t *testing.T, s *chaos.Snapshot) { charge(t, s, "done").Refunded = 1000 }},
		{"completed and refunded in part", chaos.CheckMoney, func(t *testing.T, s *chaos.Snapshot) { charge(t, s, "done").Refunded = 1 }},
		{"charged another amount", chaos.CheckMoney, func(t *testing.T, s *chaos.Snapshot) { charge(t, s, "done").Amount = brl(999) }},
		{"free and charged", chaos.CheckMoney, func(_ *testing.T, s *chaos.Snapshot) {
			s.Charges = append(s.Charges, chaos.Charge{Key: "free", Reference: "free", Amount: brl(1), Times: 1})
		}},
		{"failed and charged", chaos.CheckMoney, func(t *testing.T, s *chaos.Snapshot) { charge(t, s, "no").Times = 1 }},
		{"cancelled and charged", chaos.CheckMoney, func(t *testing.T, s *chaos.Snapshot) { charge(t, s, "late").Refunded = 0 }},
		{"refunded and not given back", chaos.CheckMoney, func(t *testing.T, s *chaos.Snapshot) { charge(t, s, "back").Refunded = 0 }},
		{"refunded and never charged", chaos.CheckMoney, func(t *testing.T, s *chaos.Snapshot) { *charge(t, s, "back") = *charge(t, s, "no") }},
		{"a good method failed", chaos.CheckMethod, func(t *testing.T, s *chaos.Snapshot) { purchase(t, s, "no").Method = simulated.Timeout }},
		{"a declined method completed", chaos.CheckMethod, func(t *testing.T, s *chaos.Snapshot) { purchase(t, s, "done").Method = simulated.InsufficientFunds }},
		{"a free game failed", chaos.CheckMethod, func(t *testing.T, s *chaos.Snapshot) { purchase(t, s, "free").Status = games.StatusFailed }},
		{"no payment", chaos.CheckPayment, func(_ *testing.T, s *chaos.Snapshot) { s.Payments = s.Payments[1:] }},
		{"two payments", chaos.CheckPayment, func(_ *testing.T, s *chaos.Snapshot) {
			s.Payments = append(s.Payments, chaos.Payment{ID: "other", PurchaseID: "done", Amount: brl(1000), Status: payments.Completed})
		}},
		{"a payment for nothing", chaos.CheckPayment, func(_ *testing.T, s *chaos.Snapshot) {
			s.Payments = append(s.Payments, chaos.Payment{ID: "other", PurchaseID: "nothing", Status: payments.Failed})
		}},
		{"a payment for a free game", chaos.CheckPayment, func(_ *testing.T, s *chaos.Snapshot) {
			s.Payments = append(s.Payments, chaos.Payment{ID: "other", PurchaseID: "free", Status: payments.Completed})
		}},
		{"a payment of another amount", chaos.CheckPayment, func(t *testing.T, s *chaos.Snapshot) { payment(t, s, "done").Amount = brl(1) }},
		{"another payment", chaos.CheckPayment, func(t *testing.T, s *chaos.Snapshot) { purchase(t, s, "done").PaymentID = "pay-back" }},
		{"completed by no payment", chaos.CheckPayment, func(t *testing.T, s *chaos.Snapshot) { purchase(t, s, "done").PaymentID = "" }},
		{"completed, the payment failed", chaos.CheckPayment, func(t *testing.T, s *chaos.Snapshot) { payment(t, s, "done").Status = payments.Failed }},
		{"failed, the payment completed", chaos.CheckPayment, func(t *testing.T, s *chaos.Snapshot) { payment(t, s, "no").Status = payments.Completed }},
		{"refunded, the payment completed", chaos.CheckPayment, func(t *testing.T, s *chaos.Snapshot) { payment(t, s, "back").Status = payments.Completed }},
		{"cancelled, the payment completed", chaos.CheckPayment, func(t *testing.T, s *chaos.Snapshot) { payment(t, s, "late").Status = payments.Completed }},
		{"a pending purchase", chaos.CheckPending, func(t *testing.T, s *chaos.Snapshot) { purchase(t, s, "undone").Status = games.StatusPending }},
		{"a refund under way", chaos.CheckPending, func(t *testing.T, s *chaos.Snapshot) { purchase(t, s, "done").Status = games.StatusRefunding }},
		{"an unknown payment", chaos.CheckPending, func(t *testing.T, s *chaos.Snapshot) { payment(t, s, "undone").Status = payments.Unknown }},
		{"a payment for a person to look at", chaos.CheckPending, func(t *testing.T, s *chaos.Snapshot) { payment(t, s, "undone").Status = payments.ManualReview }},
	}
}

func storeViolations() []violation {
	game := func(change func(g *chaos.Game)) func(*testing.T, *chaos.Snapshot) {
		return func(_ *testing.T, s *chaos.Snapshot) { change(&s.Found[0]) }
	}
	return []violation{
		{"the counter is too high", chaos.CheckCounter, func(_ *testing.T, s *chaos.Snapshot) { s.Games[0].Purchases++ }},
		{"the counter is too low", chaos.CheckCounter, func(_ *testing.T, s *chaos.Snapshot) { s.Games[1].Purchases-- }},
		{"owned twice", chaos.CheckActive, func(t *testing.T, s *chaos.Snapshot) { *purchase(t, s, "no") = *purchase(t, s, "done") }},
		{"an event not sent", chaos.CheckUnsent, func(_ *testing.T, s *chaos.Snapshot) { s.Unsent = []chaos.Event{{ID: "1"}} }},
		{"a message not handled", chaos.CheckJournal, func(_ *testing.T, s *chaos.Snapshot) { s.Journal = []chaos.Message{{ID: "1"}} }},
		{"a dead letter", chaos.CheckDead, func(_ *testing.T, s *chaos.Snapshot) { s.Journal = []chaos.Message{{ID: "1", Dead: true}} }},
		{"the index counts less", chaos.CheckIndex, game(func(g *chaos.Game) { g.Purchases = 0 })},
		{"the index has an old description", chaos.CheckIndex, game(func(g *chaos.Game) { g.Description = "old" })},
		{"the index has an old price", chaos.CheckIndex, game(func(g *chaos.Game) { g.Price = brl(1) })},
		{"a game is not found", chaos.CheckIndex, func(_ *testing.T, s *chaos.Snapshot) { s.Found = s.Found[1:] }},
		{"a deleted game is found", chaos.CheckIndex, func(_ *testing.T, s *chaos.Snapshot) { s.Found = append(s.Found, s.Games[2]) }},
		{"an unknown game is found", chaos.CheckIndex, func(_ *testing.T, s *chaos.Snapshot) { s.Found = append(s.Found, chaos.Game{ID: "what"}) }},
		{"a game is found twice", chaos.CheckIndex, func(_ *testing.T, s *chaos.Snapshot) { s.Found = append(s.Found, s.Found[1]) }},
		{"the order is wrong", chaos.CheckIndex, func(_ *testing.T, s *chaos.Snapshot) { s.Found[0], s.Found[1] = s.Found[1], s.Found[0] }},
		{"the history misses an end", chaos.CheckHistory, func(_ *testing.T, s *chaos.Snapshot) { s.History = s.History[1:] }},
		{"the history tells an end twice", chaos.CheckHistory, func(_ *testing.T, s *chaos.Snapshot) { tell(s, "ana", "done", users.PurchaseCompleted) }},
		{"the history tells an end that is not", chaos.CheckHistory, func(_ *testing.T, s *chaos.Snapshot) { tell(s, "ana", "done", users.PurchaseFailed) }},
		{"a deleted account owns a purchase", chaos.CheckForgotten, func(t *testing.T, s *chaos.Snapshot) { purchase(t, s, "late").UserID = "carl" }},
		{"nobody's purchase", chaos.CheckForgotten, func(t *testing.T, s *chaos.Snapshot) { purchase(t, s, "late").UserID = "" }},
	}
}

func toldViolations() []violation {
	was := func(id string, status games.Status) func(*testing.T, *chaos.Snapshot) {
		return func(_ *testing.T, s *chaos.Snapshot) { told(s, id, func(p *chaos.Purchase) { p.Status = status }) }
	}
	return []violation{
		{"a lost purchase", chaos.CheckAccepted, func(_ *testing.T, s *chaos.Snapshot) { s.Told.Purchases["lost"] = chaos.Purchase{ID: "lost"} }},
		{"a purchase of another game", chaos.CheckAccepted, func(_ *testing.T, s *chaos.Snapshot) { told(s, "done", func(p *chaos.Purchase) { p.GameID = "tag" }) }},
		{"a purchase at another price", chaos.CheckAccepted, func(_ *testing.T, s *chaos.Snapshot) { told(s, "done", func(p *chaos.Purchase) { p.Price = brl(1) }) }},
		{"a purchase by another method", chaos.CheckAccepted, func(_ *testing.T, s *chaos.Snapshot) { told(s, "done", func(p *chaos.Purchase) { p.Method = "x" }) }},
		{"somebody else's purchase", chaos.CheckAccepted, func(t *testing.T, s *chaos.Snapshot) { purchase(t, s, "done").UserID = "bob" }},
		{"completed, then failed", chaos.CheckBack, was("no", games.StatusCompleted)},
		{"refunding, then completed", chaos.CheckBack, was("done", games.StatusRefunding)},
		{"refunded, then completed", chaos.CheckBack, was("done", games.StatusRefunded)},
		{"failed, then completed", chaos.CheckBack, was("done", games.StatusFailed)},
		{"cancelled, then completed", chaos.CheckBack, was("done", games.StatusCancelled)},
		{"a key with two purchases", chaos.CheckReplay, func(_ *testing.T, s *chaos.Snapshot) { s.Told.Answers["key"][1].PurchaseID = "back" }},
		{"a key with another answer", chaos.CheckReplay, func(_ *testing.T, s *chaos.Snapshot) { s.Told.Answers["key"][1].Status = games.StatusCompleted }},
		{"a lost account", chaos.CheckAccount, func(_ *testing.T, s *chaos.Snapshot) { s.Told.Accounts["dora"] = chaos.Account{ID: "dora"} }},
		{"a deleted account lives", chaos.CheckAccount, func(_ *testing.T, s *chaos.Snapshot) {
			s.Told.Accounts["ana"] = chaos.Account{ID: "ana", Deleted: true}
		}},
		{"a lost game", chaos.CheckCatalogue, func(_ *testing.T, s *chaos.Snapshot) { s.Told.Games["lost"] = chaos.Game{ID: "lost"} }},
		{"a lost edit", chaos.CheckCatalogue, func(_ *testing.T, s *chaos.Snapshot) { s.Games[0].Version = 1 }},
		{"an edit with another text", chaos.CheckCatalogue, func(_ *testing.T, s *chaos.Snapshot) { s.Games[0].Description = "other" }},
		{"a deleted game is there", chaos.CheckCatalogue, func(_ *testing.T, s *chaos.Snapshot) { s.Games[2].Deleted = false }},
	}
}

func TestEveryViolationIsFound(t *testing.T) {
	shown := map[string]bool{}
	for _, v := range append(append(moneyViolations(), storeViolations()...), toldViolations()...) {
		shown[v.check] = true
		t.Run(v.name, func(t *testing.T) {
			s := healthy()
			v.plant(t, s)
			if findings := chaos.Audit(*s); !checksOf(findings)[v.check] {
				t.Errorf("not found: %s; found: %v", v.check, findings)
			}
		})
	}
	for _, name := range chaos.Promises() {
		if !shown[name] {
			t.Errorf("nothing shows that it can fail: %s", name)
		}
	}
}

func TestManyFindingsOfOneKindAreSummedUp(t *testing.T) {
	s := healthy()
	for i := range 1000 {
		s.Unsent = append(s.Unsent, chaos.Event{ID: fmt.Sprint(i)})
	}
	findings := chaos.Audit(*s)
	if len(findings) > 20 || !strings.HasPrefix(findings[len(findings)-1].What, "and 9") {
		t.Errorf("%d findings, the last: %v", len(findings), findings[len(findings)-1])
	}
}
