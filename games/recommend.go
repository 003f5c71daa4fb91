package games

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"gamestore.example/pkg/errs"
)

// How recommendations are made.
const (
	// tasteHalfLife is the age at which a purchase says half as much.
	tasteHalfLife = 90 * 24 * time.Hour
	// tasteHistory is how many of the newest owned games are looked at.
	tasteHistory = 500
	// tasteCategories is how many of the strongest categories are suggested from.
	tasteCategories = 5
)

// Reason is why a game is suggested.
type Reason string

// The reasons.
const (
	// ReasonCategory means that the person buys games of the category.
	ReasonCategory Reason = "category"
	// ReasonPopular means that many people buy the game.
	ReasonPopular Reason = "popular"
)

// Recommendation is a suggested game.
type Recommendation struct {
	Game   Game
	Reason Reason
	// Category is set with ReasonCategory.
	Category string
}

// Recommendations implements Service: popular games of the categories that the
// person buys most, in proportion to their weights; the most popular games of
// all when nothing was bought, or nothing of those categories is left.
func (s *Shop) Recommendations(ctx context.Context, q RecommendationsQuery) ([]Recommendation, error) {
	limit, bad := limited(q.Limit, DefaultRecommended, MaxRecommended, nil)
	if err := errs.InvalidFields(bad...); err != nil {
		return nil, err
	}
	tastes, err := s.repo.Tastes(ctx, q.UserID, tasteHistory)
	if err != nil {
		return nil, err
	}
	now := s.now()
	weights := weigh(tastes, now)
	shelves := make([][]Game, len(weights))
	for i, w := range weights {
		if shelves[i], err = s.repo.Popular(ctx, PopularQuery{Category: w.category, NotOf: q.UserID, Now: now, Limit: limit}); err != nil {
			return nil, err
		}
	}
	if picked := share(weights, shelves, limit); len(picked) > 0 {
		return picked, nil
	}
	popular, err := s.repo.Popular(ctx, PopularQuery{NotOf: q.UserID, Now: now, Limit: limit})
	recommended := make([]Recommendation, 0, len(popular))
	for _, g := range popular {
		recommended = append(recommended, Recommendation{Game: g, Reason: ReasonPopular})
	}
	return recommended, err
}

// weight is how much a person likes a category.
type weight struct {
	category string
	value    float64
}

// weigh returns the strongest categories, strongest first. Each owned game counts
// 1, halved for each half-life of its age.
func weigh(tastes []Taste, now time.Time) []weight {
	sums := map[string]float64{}
	for _, t := range tastes {
		age := max(now.Sub(t.BoughtAt), 0)
		sums[t.Category] += math.Exp2(-float64(age) / float64(tasteHalfLife))
	}
	ws := make([]weight, 0, len(sums))
	for c, v := range sums {
		ws = append(ws, weight{c, v})
	}
	slices.SortFunc(ws, func(a, b weight) int {
		return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(a.category, b.category))
	})
	return ws[:min(len(ws), tasteCategories)]
}

// share fills at most limit places from the shelves, in proportion to the
// weights: the next place is always of the category with the largest
// weight per place so far (d'Hondt).
func share(weights []weight, shelves [][]Game, limit int) []Recommendation {
	var picked []Recommendation
	taken := make([]int, len(weights))
	for len(picked) < limit {
		best := -1
		for i, w := range weights {
			if taken[i] < len(shelves[i]) && (best < 0 || w.value/float64(taken[i]+1) > weights[best].value/float64(taken[best]+1)) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		picked = append(picked, Recommendation{Game: shelves[best][taken[best]], Reason: ReasonCategory, Category: weights[best].category})
		taken[best]++
	}
	return picked
}
