package flow_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"gamestore.example/games"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/test/flow"
)

// A deleted game stays with its owners, what is pending finishes, and nobody buys it
// any more.
func TestRule_GameDeleted(t *testing.T) {
	purchases := &valve{queue: "payments.purchases"}
	w, _ := durable(t, purchases.in)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana, bea, game := flow.Join(t, d, "Ana"), flow.Join(t, d, "Bea"), flow.NewGame(t, d)
		flow.Bought(t, d, ana, game.ID)
		purchases.shut.Store(true)
		pending := flow.Buy(t, d, bea, game.ID, flow.CardApproved)
		if err := d.Games.DeleteGame(flow.Admin(t, d).Ctx, games.DeleteGame{GameID: game.ID, IfVersion: game.Version}); err != nil {
			t.Fatal(err)
		}
		_, err := buy(d, flow.Join(t, d, "Cleo"), game.ID)
		want(t, err, games.ErrGameNotFound)
		_, err = d.Games.GetGame(t.Context(), games.GetGame{GameID: game.ID})
		want(t, err, games.ErrGameNotFound)
		purchases.shut.Store(false)
		flow.Await(t, d, bea, pending.ID, games.StatusCompleted)
		for _, owner := range []flow.Person{ana, bea} {
			if !flow.Owns(t, d, owner, game.ID) {
				t.Errorf("%s lost the deleted game", owner.Email)
			}
		}
	})
	flow.Audit(t, w)
}

// A game that is not released yet cannot be bought; afterwards it can.
func TestRule_GameUnreleased(t *testing.T) {
	w, d := durable(t)
	ana := flow.Join(t, d, "Ana")
	at := w.Clock.Now().Add(time.Hour).Truncate(time.Second).UTC()
	game := flow.NewGame(t, d, func(g *games.GameDetails) { g.ReleasedAt = at })
	_, err := buy(d, ana, game.ID)
	want(t, err, games.ErrNotAvailable)
	if got := errs.From(err).Details["releasedAt"]; got != at.Format(time.RFC3339) {
		t.Errorf("the release is told as %v, want %v", got, at)
	}
	w.Clock.Advance(time.Hour + time.Second)
	flow.Bought(t, d, ana.Again(t, d), game.ID)
	flow.Audit(t, w)
}

// The counter of a game is the number of those who have it, however many come at once.
func TestRule_Counter(t *testing.T) {
	w, d := durable(t)
	game, declined := flow.NewGame(t, d), flow.NewGame(t, d)
	const buyers, refunds = 12, 5
	people, purchases := make([]flow.Person, buyers), make([][]games.Purchase, buyers)
	var crowd sync.WaitGroup
	for i := range people {
		d := w.Drivers()[i%len(w.Drivers())]
		people[i] = flow.Join(t, d, "Buyer")
		crowd.Go(func() {
			for gameID, method := range map[string]string{game.ID: flow.CardApproved, declined.ID: flow.CardDeclined} {
				r, err := d.Games.PurchaseGame(people[i].Ctx, games.PurchaseGame{GameID: gameID, PaymentMethod: method})
				if err != nil {
					t.Error(err)
				}
				purchases[i] = append(purchases[i], r.Purchase)
			}
		})
	}
	crowd.Wait()
	for i, p := range people {
		for _, bought := range purchases[i] {
			if bought.GameID == declined.ID {
				flow.Await(t, d, p, bought.ID, games.StatusFailed)
				continue
			}
			flow.Await(t, d, p, bought.ID, games.StatusCompleted)
			if i < refunds {
				flow.Refund(t, d, p, bought.ID)
			}
		}
	}
	if n := counter(t, d, game.ID); n != buyers-refunds {
		t.Errorf("the game counts %d, want %d", n, buyers-refunds)
	}
	if n := counter(t, d, declined.ID); n != 0 {
		t.Errorf("the game that nobody could pay counts %d", n)
	}
	flow.Audit(t, w)
}

// The index follows what happens to games and to purchases.
func TestRule_IndexFollows(t *testing.T) {
	w, _ := durable(t)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		admin, ana, shelf := flow.Admin(t, d), flow.Join(t, d, "Ana"), "shelf-"+uuid.NewString()[:8]
		game := flow.NewGame(t, d, func(g *games.GameDetails) { g.Name, g.Category = "Tidal Orchestra", shelf })
		found := func(what, text string, as func([]games.Game) bool) {
			t.Helper()
			flow.Eventually(t, what, func() bool {
				r, err := d.Games.SearchGames(t.Context(), games.SearchQuery{Text: text, Category: shelf})
				if err != nil {
					t.Fatal(err)
				}
				return as(r.Games)
			})
		}
		nothing := func(gs []games.Game) bool { return len(gs) == 0 }
		counts := func(n int64) func([]games.Game) bool {
			return func(gs []games.Game) bool { return len(gs) == 1 && gs[0].ID == game.ID && gs[0].Purchases == n }
		}
		found("the new game is found", "tidal orchestra", counts(0))
		p := flow.Bought(t, d, ana, game.ID)
		found("the sale is known", "tidal", counts(1))
		changed, err := d.Games.UpdateGame(admin.Ctx, games.UpdateGame{GameID: game.ID, IfVersion: game.Version, GameDetails: games.GameDetails{
			Name: "Lunar Choir", Category: shelf, Price: game.Price, ReleasedAt: game.ReleasedAt,
		}})
		if err != nil {
			t.Fatal(err)
		}
		found("the new name is known", "lunar choir", counts(1))
		found("the old name is not", "tidal orchestra", nothing)
		flow.Refund(t, d, ana, p.ID)
		found("the refund is known", "lunar", counts(0))
		if err := d.Games.DeleteGame(admin.Ctx, games.DeleteGame{GameID: game.ID, IfVersion: changed.Version}); err != nil {
			t.Fatal(err)
		}
		found("the deleted game is not found", "lunar", nothing)
	})
	flow.Audit(t, w)
}

// An index that takes nothing in does not matter for purchases, and catches up.
func TestRule_IndexDown(t *testing.T) {
	index := &valve{queue: "games.index"}
	w, d := durable(t, index.in)
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	query := games.SearchQuery{Category: game.Category}
	flow.Eventually(t, "the game is found", func() bool {
		r, err := d.Games.SearchGames(t.Context(), query)
		return err == nil && len(r.Games) == 1
	})
	index.shut.Store(true)
	flow.Bought(t, d, ana, game.ID)
	flow.Eventually(t, "the index refuses the sale", func() bool { return consumed(w, "games.index", "hold") > 0 })
	r, err := d.Games.SearchGames(t.Context(), query)
	if err != nil || len(r.Games) != 1 || r.Games[0].Purchases != 0 {
		t.Errorf("the old index answers %+v, %v", r.Games, err)
	}
	index.shut.Store(false)
	flow.Audit(t, w) // wants the index to know the sale
}

// Recommendations come from the categories that are bought most, without what is owned,
// pending or refunded; a newcomer gets what is popular.
func TestRule_Recommendations(t *testing.T) {
	w, _ := durable(t)
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		ana := flow.Join(t, d, "Ana")
		shelf := func(n int) []games.Game {
			category := "shelf-" + uuid.NewString()[:8]
			made := make([]games.Game, n)
			for i := range made {
				made[i] = flow.NewGame(t, d, func(g *games.GameDetails) { g.Category = category })
			}
			return made
		}
		much, little := shelf(6), shelf(3)
		popular, err := d.Games.Recommendations(ana.Ctx, games.RecommendationsQuery{Limit: games.MaxRecommended})
		if err != nil || len(popular) < 9 || slices.ContainsFunc(popular, func(r games.Recommendation) bool { return r.Reason != games.ReasonPopular }) {
			t.Fatalf("a newcomer gets %+v, %v", popular, err)
		}
		for _, g := range []games.Game{much[0], much[1], much[2], little[0]} {
			flow.Bought(t, d, ana, g.ID)
		}
		refunded := flow.Bought(t, d, ana, much[3].ID)
		flow.Refund(t, d, ana, refunded.ID)
		w.Wire.Rule(losing(contractgames.KeyGamePurchased))
		pending := flow.Buy(t, d, ana, much[4].ID, flow.CardApproved)

		suggested, err := d.Games.Recommendations(ana.Ctx, games.RecommendationsQuery{})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range suggested {
			ids = append(ids, r.Game.ID)
			if r.Reason != games.ReasonCategory || r.Category != r.Game.Category {
				t.Errorf("%q is recommended because %s %s", r.Game.Name, r.Reason, r.Category)
			}
		}
		if len(ids) != 3 || ids[0] != much[5].ID || !slices.Contains(ids, little[1].ID) || !slices.Contains(ids, little[2].ID) {
			t.Errorf("recommended are %v, want %s first, then %s and %s", ids, much[5].ID, little[1].ID, little[2].ID)
		}
		w.Wire.Rule(nil)
		flow.Await(t, d, ana, pending.ID, games.StatusCompleted)
	})
	flow.Audit(t, w)
}
