package app_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/games"
	"gamestore.example/pkg/auth"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

// useService does all that a games.Service can do, as its interface says it.
func useService(t *testing.T, p *running, svc games.Service) {
	t.Helper()
	ana := auth.WithToken(t.Context(), p.token("ana"))
	admin := auth.WithToken(t.Context(), p.token("root", auth.RoleAdmin))
	equal := func(what string, want, got any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}

	found, err := svc.SearchGames(t.Context(), games.SearchQuery{Text: "owls", Limit: 1})
	p.ok(err)
	equal("found", "owls", found.Games[0].ID)
	facets, err := svc.ListCategories(t.Context())
	p.ok(err)
	equal("categories", []games.Facet{{Category: "puzzle", Count: 2}, {Category: "strategy", Count: 3}}, facets)

	d := games.GameDetails{Name: "Whist", Category: "cards", Price: price, ReleasedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	g, err := svc.CreateGame(admin, games.CreateGame{GameDetails: d})
	p.ok(err)
	_, err = svc.UpdateGame(admin, games.UpdateGame{GameID: g.ID, IfVersion: 9, GameDetails: d})
	equal("another version", games.ErrVersionMismatch.Code, code(err))
	_, err = svc.UpdateGame(admin, games.UpdateGame{GameID: g.ID, GameDetails: d})
	equal("no version", games.ErrVersionRequired.Code, code(err))
	d.Price = money.Money{Amount: 1, Currency: "USD"}
	g, err = svc.UpdateGame(admin, games.UpdateGame{GameID: g.ID, IfVersion: games.AnyVersion, GameDetails: d})
	p.ok(err)
	got, err := svc.GetGame(t.Context(), games.GetGame{GameID: g.ID})
	p.ok(err)
	equal("price and version", []any{d.Price, int64(2)}, []any{got.Price, got.Version})
	p.ok(svc.DeleteGame(admin, games.DeleteGame{GameID: g.ID, IfVersion: 2}))
	equal("deleted twice", games.ErrGameNotFound.Code, code(svc.DeleteGame(admin, games.DeleteGame{GameID: g.ID})))
	equal("not an administrator", errs.Forbidden, errs.ClassOf(svc.DeleteGame(ana, games.DeleteGame{GameID: "owls"})))
	_, err = svc.GetGame(t.Context(), games.GetGame{GameID: ".."})
	equal("an impossible id", games.ErrGameNotFound.Code, code(err))

	cmd := games.PurchaseGame{UserID: "bob", GameID: "owls", PaymentMethod: "tok_x", ExpectedPrice: &price, IdempotencyKey: "k"}
	_, err = svc.PurchaseGame(t.Context(), cmd)
	equal("no token", errs.Unauthenticated, errs.ClassOf(err))
	receipt, err := svc.PurchaseGame(ana, cmd)
	p.ok(err)
	again, err := svc.PurchaseGame(ana, cmd)
	p.ok(err)
	receipt.Replayed = true
	equal("replayed", receipt, again)
	cmd.IdempotencyKey = ""
	_, err = svc.PurchaseGame(ana, cmd)
	equal("twice", games.ErrAlreadyPending.Code, code(err))
	equal("the link", any(receipt.Purchase.ID), errs.From(err).Details["purchaseId"])

	id := receipt.Purchase.ID
	usePurchase(t, p, svc, id)

	page, err := svc.ListPurchases(ana, games.MyPage{Limit: 1})
	p.ok(err)
	equal("purchases", id, page.Purchases[0].ID)
	library, err := svc.Library(ana, games.MyPage{})
	p.ok(err)
	equal("library", []string{"owls", id}, []string{library.Items[0].Game.ID, library.Items[0].Purchase.ID})
	recommended, err := svc.Recommendations(ana, games.RecommendationsQuery{Limit: 3})
	p.ok(err)
	equal("recommended", []any{games.ReasonCategory, "puzzle", "freecell"}, []any{recommended[0].Reason, recommended[0].Category, recommended[0].Game.ID})

	free, err := svc.PurchaseGame(ana, games.PurchaseGame{GameID: "freecell"})
	p.ok(err)
	back, err := svc.RequestRefund(ana, games.RequestRefund{PurchaseID: free.Purchase.ID, IdempotencyKey: "k"})
	p.ok(err)
	equal("given back", games.StatusRefunded, back.Purchase.Status)
	_, err = svc.CancelPurchase(ana, games.CancelPurchase{PurchaseID: free.Purchase.ID})
	equal("too late to cancel", games.ErrNotCancellable.Code, code(err))
}

// usePurchase waits for a pending purchase to be completed.
func usePurchase(t *testing.T, p *running, svc games.Service, id string) {
	t.Helper()
	ana := auth.WithToken(t.Context(), p.token("ana"))
	now, err := svc.AwaitPurchase(ana, games.AwaitPurchase{PurchaseID: id, Wait: time.Hour})
	if errs.ClassOf(err) != errs.Invalid {
		t.Errorf("a wait of an hour: %v, %v", now, err)
	}
	if now, err = svc.AwaitPurchase(ana, games.AwaitPurchase{PurchaseID: id, Wait: games.MaxWait}); err != nil || now.Status != games.StatusPending {
		t.Errorf("without a status: %v, %v", now.Status, err)
	}
	began := time.Now()
	if now, err = svc.AwaitPurchase(ana, games.AwaitPurchase{PurchaseID: id, Status: games.StatusPending, Wait: time.Second}); err != nil || now.Status != games.StatusPending {
		t.Errorf("after the wait: %v, %v", now.Status, err)
	}
	if waited := time.Since(began); waited < time.Second || waited >= games.MaxWait {
		t.Errorf("waited %v, want 1 s", waited)
	}
	p.payment(contractpayments.KeyPaymentCompleted, id, price, "")
	now, err = svc.AwaitPurchase(ana, games.AwaitPurchase{PurchaseID: id, Status: games.StatusPending, Wait: games.MaxWait})
	if err != nil || now.Status != games.StatusCompleted || now.Version != 2 || now.CompletedAt.IsZero() {
		t.Errorf("completed: %+v, %v", now, err)
	}
	same, err := svc.GetPurchase(ana, games.GetPurchase{PurchaseID: id})
	if diff := cmp.Diff(now, same); diff != "" || err != nil {
		t.Errorf("get: %v\n%s", err, diff)
	}
	if _, err := svc.GetPurchase(auth.WithToken(t.Context(), p.token("bob")), games.GetPurchase{PurchaseID: id}); code(err) != games.ErrPurchaseNotFound.Code {
		t.Errorf("somebody else's: %v", err)
	}
}
