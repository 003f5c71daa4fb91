package games_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
)

// shelf is a store with five games of each category, "a0" the most popular "a".
func shelf(t *testing.T, categories ...string) *store {
	s := open(t, games.Config{})
	var seed []games.Game
	for _, c := range categories {
		for i := range 5 {
			seed = append(seed, games.Game{ID: fmt.Sprint(c, i), Name: fmt.Sprint(c, i), Category: c, Price: price, ReleasedAt: start})
		}
	}
	_, err := s.Seed(t.Context(), seed)
	s.ok(err)
	for _, g := range seed {
		for n := range 5 - int(g.ID[len(g.ID)-1]-'0') {
			s.own(fmt.Sprint("crowd", n), g.ID)
		}
	}
	return s
}

func (s *store) recommended(userID string, limit int) string {
	s.Helper()
	rs, err := s.Recommendations(s.Context(), games.RecommendationsQuery{UserID: userID, Limit: limit})
	s.ok(err)
	var b strings.Builder
	for _, r := range rs {
		fmt.Fprintf(&b, "%s:%s%s ", r.Game.ID, r.Reason, r.Category)
	}
	return strings.TrimSpace(b.String())
}

func TestANewcomerGetsTheMostPopular(t *testing.T) {
	s := shelf(t, "a", "b")
	s.equal("games", "a0:popular b0:popular a1:popular", s.recommended("new", 3))
}

func TestRecommendationsComeFromTheCategoriesBought(t *testing.T) {
	s := shelf(t, "a", "b", "c")
	s.own("u", "b1")
	s.equal("one category", "b0:categoryb b2:categoryb b3:categoryb b4:categoryb", s.recommended("u", 10))
	s.own("u", "c1")
	s.own("u", "c3")
	// c has two votes and b one, so of each three places two are c's.
	s.equal("in proportion", "c0:categoryc c2:categoryc b0:categoryb c4:categoryc b2:categoryb b3:categoryb b4:categoryb", s.recommended("u", 10))
	s.equal("at most", "c0:categoryc c2:categoryc", s.recommended("u", 2))
}

func TestOldTastesFade(t *testing.T) {
	s := shelf(t, "a", "b")
	s.own("u", "a1")
	s.own("u", "a2")
	s.pass(100 * 24 * time.Hour)
	s.own("u", "b1")
	// Two votes of 100 days weigh less than one of today: 2 × 2^(-100/90) < 1.
	s.equal("first", "b0:categoryb", s.recommended("u", 1))
}

func TestRecommendationsLeaveOutWhatThePersonHas(t *testing.T) {
	s := shelf(t, "a")
	s.own("u", "a0")
	s.buy("u", "a1")
	back := s.own("u", "a2")
	_, err := s.RequestRefund(t.Context(), games.RequestRefund{UserID: "u", PurchaseID: back.ID})
	s.ok(err)
	s.hear(s.PaymentRefunded, with("back", paid(back)), games.Applied)
	s.hear(s.PaymentFailed, declined(s.buy("u", "a3")), games.Applied)
	s.ok(s.DeleteGame(t.Context(), games.DeleteGame{GameID: "a4"}))
	s.add("a5", 1, func(d *games.GameDetails) { d.Category, d.ReleasedAt = "a", start.Add(time.Hour) })
	s.equal("games", "a3:categorya", s.recommended("u", 50))
}

func TestWhoHasTheWholeCategoryGetsThePopular(t *testing.T) {
	s := shelf(t, "a", "b")
	for i := range 5 {
		s.own("u", fmt.Sprint("a", i))
	}
	s.equal("games", "b0:popular b1:popular", s.recommended("u", 2))
}

func TestBadLimitOfRecommendations(t *testing.T) {
	s := open(t, games.Config{})
	for _, limit := range []int{-1, 51} {
		_, err := s.Recommendations(t.Context(), games.RecommendationsQuery{UserID: "u", Limit: limit})
		s.equal("class", errs.Invalid, errs.ClassOf(err))
	}
}
