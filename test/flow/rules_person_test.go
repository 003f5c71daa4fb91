package flow_test

import (
	"sync"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/test/flow"
	"gamestore.example/users"
)

// A repeated request with the same key gets the stored answer; another request with
// the key is refused. Keys belong to a person and a route, and count for 24 hours.
func TestRule_IdempotencyKey(t *testing.T) {
	w, _ := durable(t)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana, bea, game := flow.Join(t, d, "Ana"), flow.Join(t, d, "Bea"), flow.NewGame(t, d)
		purchase := games.PurchaseGame{GameID: game.ID, PaymentMethod: flow.CardApproved, IdempotencyKey: "key"}
		first := keyed(t, d, ana, purchase, false)
		flow.Await(t, d, ana, first.ID, games.StatusCompleted)
		if again := keyed(t, d, ana, purchase, true); again.ID != first.ID || again.Status != games.StatusPending {
			t.Errorf("replayed as %+v, want the stored answer", again)
		}

		other := purchase
		other.PaymentMethod = flow.CardDeclined
		_, err := d.Games.PurchaseGame(ana.Ctx, other)
		want(t, err, games.ErrKeyReused)
		other.PaymentMethod, other.GameID = flow.CardApproved, flow.NewGame(t, d).ID
		_, err = d.Games.PurchaseGame(ana.Ctx, other)
		want(t, err, games.ErrKeyReused)

		theirs := keyed(t, d, bea, purchase, false)
		flow.Await(t, d, bea, theirs.ID, games.StatusCompleted)
		for _, replayed := range []bool{false, true} { // the same key on another route
			r, err := d.Games.RequestRefund(ana.Ctx, games.RequestRefund{PurchaseID: first.ID, IdempotencyKey: "key"})
			if err != nil || r.Replayed != replayed || r.Purchase.Status != games.StatusRefunding {
				t.Errorf("refund: %+v, %v, want replayed %v", r, err, replayed)
			}
			flow.Await(t, d, ana, first.ID, games.StatusRefunded)
		}
	})
	flow.Audit(t, w)
}

func keyed(t *testing.T, d flow.Driver, p flow.Person, c games.PurchaseGame, replayed bool) games.Purchase {
	t.Helper()
	r, err := d.Games.PurchaseGame(p.Ctx, c)
	if err != nil || r.Replayed != replayed {
		t.Fatalf("got %+v, %v, want replayed %v", r, err, replayed)
	}
	return r.Purchase
}

// Requests with one key at the same moment are one request.
func TestRule_IdempotencyKeyAtOnce(t *testing.T) {
	w, d := durable(t)
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	receipts := make(chan games.Receipt, 10)
	var requests sync.WaitGroup
	for range cap(receipts) {
		requests.Go(func() {
			r, err := d.Games.PurchaseGame(ana.Ctx, games.PurchaseGame{GameID: game.ID, IdempotencyKey: "key"})
			if err != nil {
				t.Error(err)
			}
			receipts <- r
		})
	}
	requests.Wait()
	close(receipts)
	fresh, ids := 0, map[string]bool{}
	for r := range receipts {
		ids[r.Purchase.ID] = true
		if !r.Replayed {
			fresh++
		}
	}
	if fresh != 1 || len(ids) != 1 {
		t.Errorf("%d new answers about %d purchases, want one about one", fresh, len(ids))
	}
	flow.Audit(t, w)
}

func TestRule_IdempotencyKeyIsForgotten(t *testing.T) {
	w, d := durable(t)
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	c := games.PurchaseGame{GameID: game.ID, IdempotencyKey: "key"}
	first := keyed(t, d, ana, c, false)
	flow.Await(t, d, ana, first.ID, games.StatusCompleted)
	w.Clock.Advance(23 * time.Hour)
	ana = ana.Again(t, d)
	keyed(t, d, ana, c, true)
	w.Clock.Advance(2 * time.Hour)
	ana = ana.Again(t, d)
	_, err := d.Games.PurchaseGame(ana.Ctx, c)
	wantLink(t, err, games.ErrAlreadyOwned, first.ID)
	flow.Audit(t, w)
}

// What belongs to somebody else does not exist, whoever the command says is asking.
func TestRule_SomebodyElses(t *testing.T) {
	w, _ := durable(t)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana, eve, game := flow.Join(t, d, "Ana"), flow.Join(t, d, "Eve"), flow.NewGame(t, d)
		p := flow.Bought(t, d, ana, game.ID)
		payment := flow.AwaitPayment(t, d, ana, p.ID, payments.Completed)
		for _, eve := range []flow.Person{eve, flow.Admin(t, d)} {
			_, err := d.Games.GetPurchase(eve.Ctx, games.GetPurchase{PurchaseID: p.ID, UserID: ana.ID})
			want(t, err, games.ErrPurchaseNotFound)
			_, err = d.Games.AwaitPurchase(eve.Ctx, games.AwaitPurchase{PurchaseID: p.ID, UserID: ana.ID, Status: games.StatusCompleted, Wait: time.Second})
			want(t, err, games.ErrPurchaseNotFound)
			_, err = d.Games.CancelPurchase(eve.Ctx, games.CancelPurchase{PurchaseID: p.ID, UserID: ana.ID})
			want(t, err, games.ErrPurchaseNotFound)
			_, err = d.Games.RequestRefund(eve.Ctx, games.RequestRefund{PurchaseID: p.ID, UserID: ana.ID})
			want(t, err, games.ErrPurchaseNotFound)
		}
		asAna := payments.Actor{UserID: ana.ID, Admin: true}
		_, err := d.Payments.FindPayment(eve.Ctx, payments.FindPayment{PurchaseID: p.ID, Actor: asAna})
		want(t, err, payments.ErrPaymentNotFound)
		_, err = d.Payments.GetPayment(eve.Ctx, payments.GetPayment{PaymentID: payment.ID, Actor: asAna})
		want(t, err, payments.ErrPaymentNotFound)

		library, err := d.Games.Library(eve.Ctx, games.MyPage{UserID: ana.ID})
		if err != nil || len(library.Items) != 0 {
			t.Errorf("the library of Ana shows to Eve: %+v, %v", library, err)
		}
		list, err := d.Games.ListPurchases(eve.Ctx, games.MyPage{UserID: ana.ID})
		if err != nil || len(list.Purchases) != 0 {
			t.Errorf("the purchases of Ana show to Eve: %+v, %v", list, err)
		}
		r, err := d.Games.PurchaseGame(eve.Ctx, games.PurchaseGame{GameID: game.ID, UserID: ana.ID})
		if err != nil {
			t.Fatal(err)
		}
		flow.Await(t, d, eve, r.Purchase.ID, games.StatusCompleted)
		profile, err := d.Users.Profile(eve.Ctx, users.GetProfile{UserID: ana.ID})
		if err != nil || profile.ID == ana.ID {
			t.Errorf("the profile of Ana shows to Eve: %+v, %v", profile, err)
		}
	})
	flow.Audit(t, w)
}

// Who deletes the account leaves purchases that belong to nobody.
func TestRule_Forgotten(t *testing.T) {
	w, d := durable(t)
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	p := flow.Bought(t, d, ana, game.ID)
	if err := d.Users.DeleteAccount(ana.Ctx, users.DeleteAccount{}); err != nil {
		t.Fatal(err)
	}
	_, err := d.Users.Profile(ana.Ctx, users.GetProfile{})
	want(t, err, users.ErrNoAccount)
	flow.Eventually(t, "nothing is known of her purchases", func() bool {
		list, err := d.Games.ListPurchases(ana.Ctx, games.MyPage{})
		return err == nil && len(list.Purchases) == 0 && !flow.Owns(t, d, ana, game.ID)
	})
	_, err = d.Games.GetPurchase(ana.Ctx, games.GetPurchase{PurchaseID: p.ID})
	want(t, err, games.ErrPurchaseNotFound)
	if n := counter(t, d, game.ID); n != 1 {
		t.Errorf("the game counts %d, want the sale to stay", n)
	}
	flow.Audit(t, w)
}
