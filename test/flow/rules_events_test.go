package flow_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/contract"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/money"
	"gamestore.example/test/flow"
)

// The same message again, and the same fact in another message, change nothing.
func TestRule_DuplicateEvent(t *testing.T) {
	w, d := durable(t)
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	p := flow.Bought(t, d, ana, game.ID)
	payment := flow.AwaitPayment(t, d, ana, p.ID, payments.Completed)
	same := w.Wire.About(contractpayments.KeyPaymentCompleted, p.ID)[0]
	asked := w.Wire.About(contractgames.KeyGamePurchased, p.ID)[0]
	before := consumed(w, "games.payments", "ack")
	w.Inject(t, same, same, asked, asked, w.Said(t, contractpayments.KeyPaymentCompleted, p.ID, payment.ID, p.Price, ""))
	flow.Eventually(t, "games has handled them", func() bool { return consumed(w, "games.payments", "ack") >= before+3 })
	flow.Audit(t, w)
	if again := now(t, d, ana, p.ID); again.Version != p.Version || counter(t, d, game.ID) != 1 {
		t.Errorf("after the duplicates the purchase is %+v and the game counts %d", again, counter(t, d, game.ID))
	}
	if n := len(w.Wire.About(contractgames.KeyPurchaseCompleted, p.ID)); n != 1 {
		t.Errorf("the completion was told %d times", n)
	}
}

// A payment that completes before its purchase can be seen waits for it.
func TestRule_CompletedBeforeVisible(t *testing.T) {
	w, d := durable(t)
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	id := uuid.Must(uuid.NewV7()).String()
	w.Wire.Rule(losing(contractgames.KeyGamePurchased)) // only the message that waits can grant it
	w.Inject(t, w.Asked(t, contractgames.GamePurchased{
		PurchaseID: id, GameID: game.ID, UserID: ana.ID, Price: contract.Money(game.Price), PurchasedAt: time.Now().UTC(),
	}))
	flow.Eventually(t, "the payment completed too soon", func() bool { return consumed(w, "games.payments", "retry") > 0 })
	w.PlanID(id)
	if p := flow.Buy(t, d, ana, game.ID, flow.CardApproved); p.ID != id {
		t.Fatalf("the purchase is %s, planned was %s", p.ID, id)
	}
	flow.Await(t, d, ana, id, games.StatusCompleted)
	flow.Audit(t, w)
}

// A payment whose purchase never comes ends as a dead letter: it is not dropped.
func TestRule_CompletedAndNeverVisible(t *testing.T) {
	w, _ := durable(t, func(o *flow.Options) {
		o.Retry = []time.Duration{5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond}
	})
	m := w.Said(t, contractpayments.KeyPaymentCompleted, uuid.NewString(), uuid.NewString(), flow.Price(), "")
	w.Inject(t, m)
	dead := deadLetter(t, w, "games.payments", m.ID)
	if dead.Reason != games.ErrPurchaseNotFound.Code || dead.Message.Attempt < 3 {
		t.Errorf("dead because of %s after %d attempts", dead.Reason, dead.Message.Attempt)
	}
	flow.Audit(t, w, flow.Planted{Dead: []string{m.ID}})
}

// What contradicts a known end changes nothing, and is counted.
func TestRule_FailedAfterCompleted(t *testing.T) {
	w, d := durable(t)
	ana, game, other := flow.Join(t, d, "Ana"), flow.NewGame(t, d), flow.NewGame(t, d)
	p := flow.Bought(t, d, ana, game.ID)
	payment := flow.AwaitPayment(t, d, ana, p.ID, payments.Completed)
	failed := flow.Await(t, d, ana, flow.Buy(t, d, ana, other.ID, flow.CardDeclined).ID, games.StatusFailed)
	refused := flow.AwaitPayment(t, d, ana, failed.ID, payments.Failed)
	for key, claims := range map[string][]bus.Message{
		contractpayments.KeyPaymentFailed:    {w.Said(t, contractpayments.KeyPaymentFailed, p.ID, payment.ID, p.Price, "card_declined")},
		contractpayments.KeyPaymentRefunded:  {w.Said(t, contractpayments.KeyPaymentRefunded, p.ID, payment.ID, p.Price, "")},
		contractpayments.KeyPaymentCompleted: {w.Said(t, contractpayments.KeyPaymentCompleted, failed.ID, refused.ID, failed.Price, ""), w.Said(t, contractpayments.KeyPaymentCompleted, p.ID, "another-payment", p.Price, "")},
	} {
		w.Inject(t, claims...)
		flow.Eventually(t, "the contradiction by "+key+" is counted", func() bool {
			return w.Metric("gamestore_purchase_contradictions_total", "event", key) == float64(len(claims))
		})
	}
	if still := now(t, d, ana, p.ID); still.Status != games.StatusCompleted || still.Version != p.Version || !flow.Owns(t, d, ana, game.ID) {
		t.Errorf("the purchase is %+v", still)
	}
	if still := now(t, d, ana, failed.ID); still.Status != games.StatusFailed || flow.Owns(t, d, ana, other.ID) {
		t.Errorf("the failed purchase is %+v", still)
	}
	flow.Audit(t, w)
}

// A payment of another amount or currency grants nothing and is put aside at once.
func TestRule_AmountDiffers(t *testing.T) {
	w, d := durable(t)
	var dead []string
	for name, paid := range map[string]money.Money{
		"less": flow.BRL(1), "more": flow.BRL(999999), "nothing": flow.BRL(0), "another currency": {Amount: 1999, Currency: "USD"},
	} {
		t.Run(name, func(t *testing.T) {
			w.Wire.Rule(losing(contractgames.KeyGamePurchased))
			ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
			p := flow.Buy(t, d, ana, game.ID, flow.CardApproved)
			m := w.Said(t, contractpayments.KeyPaymentCompleted, p.ID, uuid.NewString(), paid, "")
			w.Inject(t, m)
			dead = append(dead, m.ID)
			letter := deadLetter(t, w, "games.payments", m.ID)
			if letter.Reason != games.ErrAmountMismatch.Code || letter.Message.Attempt != 1 {
				t.Errorf("dead because of %s at attempt %d, want at once because of the amount", letter.Reason, letter.Message.Attempt)
			}
			if still := now(t, d, ana, p.ID); still.Status != games.StatusPending || flow.Owns(t, d, ana, game.ID) {
				t.Errorf("the purchase is %+v", still)
			}
			w.Wire.Rule(nil)
			flow.Await(t, d, ana, p.ID, games.StatusCompleted) // by its own payment, which games asks for again
		})
	}
	flow.Audit(t, w, flow.Planted{Dead: dead})
}

// What is pending too long is asked about: whatever message was lost, it ends.
func TestRule_PendingTooLong(t *testing.T) {
	for name, lost := range map[string]string{
		"payments never heard of it": contractgames.KeyGamePurchased,
		"games never heard its end":  contractpayments.KeyPaymentCompleted,
		"nor that it failed":         contractpayments.KeyPaymentFailed,
	} {
		t.Run(name, func(t *testing.T) {
			w, d := durable(t)
			ana, game, other := flow.Join(t, d, "Ana"), flow.NewGame(t, d), flow.NewGame(t, d)
			w.Wire.Rule(losingFirst(lost))
			p := flow.Buy(t, d, ana, game.ID, flow.CardApproved)
			q := flow.Buy(t, d, ana, other.ID, flow.CardDeclined)
			flow.Await(t, d, ana, p.ID, games.StatusCompleted)
			flow.Await(t, d, ana, q.ID, games.StatusFailed)
			if n := w.Metric("gamestore_purchases_total", "outcome", "asked_again"); n == 0 {
				t.Error("games never asked again")
			}
			flow.Audit(t, w)
		})
	}
}

// Nothing fails because time passes.
func TestRule_PendingForDays(t *testing.T) {
	w, d := durable(t)
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	w.Wire.Rule(losing(contractgames.KeyGamePurchased))
	p := flow.Buy(t, d, ana, game.ID, flow.CardApproved)
	for asked := 1; asked <= 3; asked++ {
		w.Clock.Advance(48 * time.Hour)
		flow.Eventually(t, "games asks again", func() bool { return len(w.Wire.About(contractgames.KeyGamePurchased, p.ID)) > asked })
	}
	ana = ana.Again(t, d)
	if still := now(t, d, ana, p.ID); still.Status != games.StatusPending {
		t.Errorf("after six days the purchase is %s", still.Status)
	}
	w.Wire.Rule(nil)
	flow.Await(t, d, ana, p.ID, games.StatusCompleted)
	flow.Audit(t, w)
}
