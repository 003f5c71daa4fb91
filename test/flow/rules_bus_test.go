package flow_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/contract"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/event"
	"gamestore.example/test/flow"
)

// While the bus is down purchases are accepted; they finish after it is back.
func TestRule_BusDown(t *testing.T) {
	w, d := durable(t)
	ana := flow.Join(t, d, "Ana")
	game := flow.NewGame(t, d)
	owned := flow.Bought(t, d, ana, game.ID)
	w.Wire.Rule(func(bus.Message) flow.Fate { return flow.Refuse })
	refused := w.Wire.Refused()
	var waiting []games.Purchase
	for range 5 {
		waiting = append(waiting, flow.Buy(t, d, ana, flow.NewGame(t, d).ID, flow.CardApproved))
	}
	if _, err := d.Games.RequestRefund(ana.Ctx, games.RequestRefund{PurchaseID: owned.ID}); err != nil {
		t.Errorf("refund while the bus is down: %v", err)
	}
	flow.Eventually(t, "the relay has tried and tried again", func() bool { return w.Wire.Refused() > refused+20 })
	for _, p := range waiting {
		if still := now(t, d, ana, p.ID); still.Status != games.StatusPending {
			t.Errorf("without the bus a purchase is %s", still.Status)
		}
	}
	w.Wire.Rule(nil)
	for _, p := range waiting {
		flow.Await(t, d, ana, p.ID, games.StatusCompleted)
	}
	flow.Await(t, d, ana, owned.ID, games.StatusRefunded)
	flow.Audit(t, w)
}

// What cannot be read is a dead letter at once, with its reason; the others flow.
func TestRule_Poison(t *testing.T) {
	w, d := durable(t)
	body := func(data string) string {
		return `{"specversion":"1.0","id":"x","source":"/x","type":"com.gamestore.payment.completed.v1","time":"2026-01-01T00:00:00Z","data":` + data + `}`
	}
	queues := map[string]string{
		contractpayments.KeyPaymentCompleted: "games.payments", contractgames.KeyGamePurchased: "payments.purchases",
		contractgames.KeyPurchaseCancelled: "payments.cancellations", contractgames.KeyPurchaseRefundRequested: "payments.refunds",
		"user.deleted": "games.users", contractgames.KeyGameCreated: "games.index",
	}
	var dead []string
	for key, queue := range queues {
		for name, poison := range map[string]string{
			"nothing": "", "not JSON": "{", "no object": `[]`, "no envelope": `{}`, "data is no object": body(`[1]`),
			"data of wrong types": strings.ReplaceAll(body(`{"purchaseId":1,"gameId":[],"userId":{}}`), contractpayments.KeyPaymentCompleted, key),
			"another type":        strings.ReplaceAll(body(`{}`), "payment.completed", "payment.vanished"),
			"oversize":            body(`{"x":"` + strings.Repeat("x", event.MaxSize) + `"}`),
		} {
			m := bus.Message{ID: uuid.NewString(), Key: key, ContentType: event.ContentType, Body: []byte(poison)}
			w.Inject(t, m)
			dead = append(dead, m.ID)
			letter := deadLetter(t, w, queue, m.ID)
			if letter.Reason != event.ErrMalformed.Code || letter.Message.Attempt != 1 {
				t.Errorf("%s with %s: dead because of %s at attempt %d", key, name, letter.Reason, letter.Message.Attempt)
			}
		}
	}
	ana := flow.Join(t, d, "Ana")
	flow.Refund(t, d, ana, flow.Bought(t, d, ana, flow.NewGame(t, d).ID).ID)
	flow.Audit(t, w, flow.Planted{Dead: dead})
}

// So is an event of a major version that nobody knows.
func TestRule_UnknownVersion(t *testing.T) {
	w, d := durable(t)
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	w.Wire.Rule(losing(contractgames.KeyGamePurchased))
	p := flow.Buy(t, d, ana, game.ID, flow.CardApproved)
	paid := contractpayments.PaymentChanged{PaymentID: uuid.NewString(), PurchaseID: p.ID, Amount: contract.Money(p.Price), At: time.Now().UTC()}
	asked := contractgames.GamePurchased{PurchaseID: p.ID, GameID: game.ID, UserID: ana.ID, Price: contract.Money(p.Price), PurchasedAt: time.Now().UTC()}
	var dead []string
	for queue, m := range map[string]bus.Message{
		"games.payments":     w.Craft(t, contractpayments.Source, contractpayments.KeyPaymentCompleted, "v2", p.ID, paid),
		"payments.purchases": w.Craft(t, contractgames.Source, contractgames.KeyGamePurchased, "v2", p.ID, asked),
	} {
		w.Inject(t, m)
		dead = append(dead, m.ID)
		if letter := deadLetter(t, w, queue, m.ID); letter.Reason != event.ErrUnknownVersion.Code || letter.Message.Attempt != 1 {
			t.Errorf("%s v2: dead because of %s at attempt %d", m.Key, letter.Reason, letter.Message.Attempt)
		}
	}
	if still := now(t, d, ana, p.ID); still.Status != games.StatusPending {
		t.Errorf("an event of version 2 made the purchase %s", still.Status)
	}
	_, err := d.Payments.FindPayment(ana.Ctx, payments.FindPayment{PurchaseID: p.ID})
	want(t, err, payments.ErrPaymentNotFound)
	w.Wire.Rule(nil)
	flow.Await(t, d, ana, p.ID, games.StatusCompleted)
	flow.Audit(t, w, flow.Planted{Dead: dead})
}

// A bus that repeats, refuses and reorders changes nothing about how purchases end.
func TestRule_Storm(t *testing.T) {
	w, d := durable(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	w.Wire.Rule(func(bus.Message) flow.Fate {
		return []flow.Fate{flow.Carry, flow.Twice, flow.Twice, flow.Refuse}[dice.IntN(4)]
	})
	ana := flow.Join(t, d, "Ana")
	ends := map[string]games.Status{}
	for range 5 {
		for method, end := range map[string]games.Status{
			flow.CardApproved: games.StatusCompleted, flow.CardDeclined: games.StatusFailed, flow.CardTimeout: games.StatusCompleted,
		} {
			ends[flow.Buy(t, d, ana, flow.NewGame(t, d).ID, method).ID] = end
		}
		given := flow.Buy(t, d, ana, flow.NewGame(t, d).ID, flow.CardTimeout)
		_, err := d.Games.CancelPurchase(ana.Ctx, games.CancelPurchase{PurchaseID: given.ID})
		switch {
		case err == nil:
			ends[given.ID] = games.StatusCancelled
		case errors.Is(err, games.ErrNotCancellable): // the payment was faster than this machine
			ends[given.ID] = games.StatusCompleted
		default:
			t.Fatal(err)
		}
	}
	for id, end := range ends {
		flow.Await(t, d, ana, id, end)
	}
	flow.Audit(t, w)
	w.Wire.Rule(nil)
	everything := w.Wire.Sent()
	dice.Shuffle(len(everything), func(i, j int) { everything[i], everything[j] = everything[j], everything[i] })
	w.Inject(t, everything...)
	flow.Audit(t, w)
	for id, end := range ends {
		if still := now(t, d, ana, id); still.Status != end {
			t.Errorf("after the storm a purchase is %s, was %s", still.Status, end)
		}
	}
}
