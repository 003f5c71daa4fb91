package flow

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/users"
)

// Story is what a person does in the store, from the sign-up to the refund. It is the
// same whatever Driver it goes through, and may be told many times in one store.
func Story(t *testing.T, d Driver) {
	s := &story{t: t, d: d, shelf: "shelf-" + uuid.NewString()[:8]}
	s.stock()
	s.signUp()
	s.look()
	s.suggestions(games.ReasonPopular)
	s.buy()
	s.own()
	s.suggestions(games.ReasonCategory)
	s.pay()
	s.declined()
	s.doubleClick()
	s.cancel()
	s.refund()
	s.remember()
	s.nothingKept()
	s.leave()
}

// story is one telling.
type story struct {
	t *testing.T
	d Driver
	// shelf is a category of its own, so that tellings do not meet.
	shelf string
	// The games on it, and what the person does with each.
	bought, refused, clicked, given games.Game
	ana                             Person
	first, cancelled                games.Purchase
	// late is how often a purchase was complete before it could be cancelled.
	late int
}

func (s *story) must(err error, what string) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}

func (s *story) stock() {
	s.t.Helper()
	add := func(name string) games.Game {
		return NewGame(s.t, s.d, func(g *games.GameDetails) { g.Name, g.Category = name, s.shelf })
	}
	s.bought, s.refused = add("Quantum Gardener"), add("Harbour Ghosts")
	s.clicked, s.given = add("Copper Railways"), add("Moth and Lantern")
}

func (s *story) signUp() {
	s.t.Helper()
	s.ana = Join(s.t, s.d, "Ana")
	profile, err := s.d.Users.Profile(s.ana.Ctx, users.GetProfile{})
	s.must(err, "profile")
	if profile.ID != s.ana.ID || profile.Email != s.ana.Email || profile.Name != "Ana" {
		s.t.Errorf("the profile is %+v", profile)
	}
	_, err = s.d.Users.SignUp(s.t.Context(), users.SignUp{Email: s.ana.Email, Password: password, Name: "Ana"})
	if !errors.Is(err, users.ErrEmailTaken) {
		s.t.Errorf("a second sign-up: %v", err)
	}
	if _, err := s.d.Games.Library(s.t.Context(), games.MyPage{}); errs.ClassOf(err) != errs.Unauthenticated {
		s.t.Errorf("a library without a token: %v", err)
	}
}

// look finds a game though its name is misspelt, and reads it.
func (s *story) look() {
	s.t.Helper()
	Eventually(s.t, "the new game can be found with two typos", func() bool {
		found, err := s.d.Games.SearchGames(s.t.Context(), games.SearchQuery{Text: "qantum gardner", Category: s.shelf})
		s.must(err, "search")
		return len(found.Games) == 1 && found.Games[0].ID == s.bought.ID
	})
	g, err := s.d.Games.GetGame(s.t.Context(), games.GetGame{GameID: s.bought.ID})
	s.must(err, "read the game")
	if g.Price != Price() || g.Purchases != 0 || g.Name != "Quantum Gardener" {
		s.t.Errorf("the game is %+v", g)
	}
	categories, err := s.d.Games.ListCategories(s.t.Context())
	s.must(err, "categories")
	if !slices.Contains(categories, games.Facet{Category: s.shelf, Count: 4}) {
		s.t.Errorf("the shelf with 4 games is not among %v", categories)
	}
}

// suggestions are popular games for a newcomer, later those of the shelf.
func (s *story) suggestions(why games.Reason) {
	s.t.Helper()
	suggested, err := s.d.Games.Recommendations(s.ana.Ctx, games.RecommendationsQuery{})
	s.must(err, "recommendations")
	if len(suggested) == 0 {
		s.t.Error("nothing is recommended")
	}
	for _, r := range suggested {
		if r.Reason != why || why == games.ReasonCategory && r.Category != s.shelf {
			s.t.Errorf("%q is recommended because %s %s, want %s", r.Game.Name, r.Reason, r.Category, why)
		}
		if why == games.ReasonCategory && r.Game.ID == s.bought.ID {
			s.t.Error("what she owns is recommended")
		}
	}
}

func (s *story) buy() {
	s.t.Helper()
	price := Price()
	accepted, err := s.d.Games.PurchaseGame(s.ana.Ctx, games.PurchaseGame{
		GameID: s.bought.ID, PaymentMethod: CardApproved, ExpectedPrice: &price,
	})
	s.must(err, "buy")
	p := accepted.Purchase
	if p.Status != games.StatusPending || p.GameID != s.bought.ID || p.Price != price || accepted.Replayed {
		s.t.Errorf("accepted as %+v", accepted)
	}
	s.first = Await(s.t, s.d, s.ana, p.ID, games.StatusCompleted)
	if s.first.CompletedAt.IsZero() || s.first.Version <= p.Version {
		s.t.Errorf("completed as %+v", s.first)
	}
}

// own finds the game in the library, the purchase in the list, and buying it
// again refused with the way to it.
func (s *story) own() {
	s.t.Helper()
	page, err := s.d.Games.Library(s.ana.Ctx, games.MyPage{})
	s.must(err, "library")
	if len(page.Items) != 1 || page.Items[0].Game.ID != s.bought.ID || page.Items[0].Purchase.ID != s.first.ID || page.Items[0].Game.Purchases != 1 {
		s.t.Errorf("the library is %+v", page.Items)
	}
	_, err = s.d.Games.PurchaseGame(s.ana.Ctx, games.PurchaseGame{GameID: s.bought.ID})
	wantLink(s.t, err, games.ErrAlreadyOwned, s.first.ID)
}

// pay reads the payment with its attempts: a charge, and its success.
func (s *story) pay() {
	s.t.Helper()
	payment := AwaitPayment(s.t, s.d, s.ana, s.first.ID, payments.Completed)
	if payment.PurchaseID != s.first.ID || payment.Amount != Price() || payment.Provider == "" {
		s.t.Errorf("the payment is %+v", payment)
	}
	if n := len(payment.Attempts); n == 0 || payment.Attempts[0].Kind != payments.KindCharge || payment.Attempts[n-1].Outcome != payments.OutcomeCharged {
		s.t.Errorf("the attempts are %+v", payment.Attempts)
	}
	same, err := s.d.Payments.GetPayment(s.ana.Ctx, payments.GetPayment{PaymentID: payment.ID})
	s.must(err, "payment by its id")
	if same.ID != payment.ID {
		s.t.Errorf("another payment: %+v", same)
	}
}

// declined fails with a stable reason, and the retry is a new purchase.
func (s *story) declined() {
	s.t.Helper()
	failed := Await(s.t, s.d, s.ana, Buy(s.t, s.d, s.ana, s.refused.ID, CardDeclined).ID, games.StatusFailed)
	if failed.FailureReason != "card_declined" || Owns(s.t, s.d, s.ana, s.refused.ID) {
		s.t.Errorf("declined as %+v", failed)
	}
	if retry := Bought(s.t, s.d, s.ana, s.refused.ID); retry.ID == failed.ID || retry.FailureReason != "" {
		s.t.Errorf("the retry is %+v", retry)
	}
}

// doubleClick buys a game twice at the same moment.
func (s *story) doubleClick() {
	s.t.Helper()
	var receipts [2]games.Receipt
	var failures [2]error
	var clicks sync.WaitGroup
	for i := range receipts {
		clicks.Go(func() {
			receipts[i], failures[i] = s.d.Games.PurchaseGame(s.ana.Ctx, games.PurchaseGame{GameID: s.clicked.ID})
		})
	}
	clicks.Wait()
	won := slices.Index(failures[:], nil)
	if won < 0 || failures[1-won] == nil {
		s.t.Fatalf("a double click: %v", failures)
	}
	purchase := receipts[won].Purchase
	if !errors.Is(failures[1-won], games.ErrAlreadyOwned) { // it may be complete by then
		wantLink(s.t, failures[1-won], games.ErrAlreadyPending, purchase.ID)
	}
	Await(s.t, s.d, s.ana, purchase.ID, games.StatusCompleted)
}
