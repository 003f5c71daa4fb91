package httpapi

import (
	"net/url"
	"strconv"
	"time"

	"gamestore.example/games"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/money"
)

func nothing(any) (outgoing, error) { return outgoing{}, nil }

func searchQuery(request any) (outgoing, error) {
	return typed(func(q games.SearchQuery) outgoing {
		return outgoing{query: query("q", q.Text, "category", q.Category, "sort", string(q.Sort), "cursor", q.Cursor, "limit", count(q.Limit))}
	})(request)
}

func createBody(request any) (outgoing, error) {
	return typed(func(c games.CreateGame) outgoing { return outgoing{body: detailsBody(c.GameDetails)} })(request)
}

func getGame(request any) (outgoing, error) {
	return typed(func(q games.GetGame) outgoing { return outgoing{id: q.GameID, absent: games.ErrGameNotFound} })(request)
}

func updateBody(request any) (outgoing, error) {
	return typed(func(c games.UpdateGame) outgoing {
		return outgoing{id: c.GameID, absent: games.ErrGameNotFound, headers: matching(c.IfVersion), body: detailsBody(c.GameDetails)}
	})(request)
}

func deleteGame(request any) (outgoing, error) {
	return typed(func(c games.DeleteGame) outgoing {
		return outgoing{id: c.GameID, absent: games.ErrGameNotFound, headers: matching(c.IfVersion)}
	})(request)
}

func purchaseRequest(request any) (outgoing, error) {
	return typed(func(c games.PurchaseGame) outgoing {
		body := contractgames.PurchaseRequest{PaymentMethod: c.PaymentMethod}
		if c.ExpectedPrice != nil {
			expected := amount(*c.ExpectedPrice)
			body.ExpectedPrice = &expected
		}
		return outgoing{id: c.GameID, absent: games.ErrGameNotFound, headers: idempotent(c.IdempotencyKey), body: body}
	})(request)
}

func getPurchase(request any) (outgoing, error) {
	return typed(func(q games.GetPurchase) outgoing { return ofPurchase(q.PurchaseID) })(request)
}

func awaitQuery(request any) (outgoing, error) {
	return typed(func(q games.AwaitPurchase) outgoing {
		out := ofPurchase(q.PurchaseID)
		seconds := (q.Wait + time.Second - 1) / time.Second
		out.query = query("status", string(q.Status), "wait", strconv.FormatInt(int64(seconds), 10))
		return out
	})(request)
}

func cancel(request any) (outgoing, error) {
	return typed(func(c games.CancelPurchase) outgoing {
		out := ofPurchase(c.PurchaseID)
		out.headers = idempotent(c.IdempotencyKey)
		return out
	})(request)
}

func refund(request any) (outgoing, error) {
	return typed(func(c games.RequestRefund) outgoing {
		out := ofPurchase(c.PurchaseID)
		out.headers = idempotent(c.IdempotencyKey)
		return out
	})(request)
}

func pageQuery(request any) (outgoing, error) {
	return typed(func(q games.MyPage) outgoing {
		return outgoing{query: query("cursor", q.Cursor, "limit", count(q.Limit))}
	})(request)
}

func recommendationsQuery(request any) (outgoing, error) {
	return typed(func(q games.RecommendationsQuery) outgoing { return outgoing{query: query("limit", count(q.Limit))} })(request)
}

func ofPurchase(id string) outgoing { return outgoing{id: id, absent: games.ErrPurchaseNotFound} }

func idempotent(key string) map[string]string { return map[string]string{"Idempotency-Key": key} }

// matching is the If-Match header of a version.
func matching(version int64) map[string]string {
	switch {
	case version == games.AnyVersion:
		return map[string]string{"If-Match": "*"}
	case version != 0:
		return map[string]string{"If-Match": etag(version)}
	}
	return nil
}

// query leaves out what is empty: that is the default.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func detailsBody(d games.GameDetails) contractgames.GameDetails {
	return contractgames.GameDetails{
		Name: d.Name, Description: d.Description, Category: d.Category, Price: amount(d.Price), ReleasedAt: d.ReleasedAt.UTC(),
	}
}

func toGame(b contractgames.Game) games.Game {
	return games.Game{
		ID: b.ID, Name: b.Name, Description: b.Description, Category: b.Category, Price: money.Money(b.Price), ReleasedAt: b.ReleasedAt,
		Purchases: b.Purchases, Version: b.Version,
	}
}

func toFacet(b contractgames.Facet) games.Facet {
	return games.Facet{Category: b.Category, Count: b.Count}
}

func toFacets(b contractgames.Categories) []games.Facet { return all(b.Items, toFacet) }

func toResult(b contractgames.GamePage) games.SearchResult {
	return games.SearchResult{Games: all(b.Items, toGame), Facets: all(b.Facets, toFacet), NextCursor: b.NextCursor}
}

func toPurchase(b contractgames.Purchase) games.Purchase {
	p := games.Purchase{
		ID: b.ID, GameID: b.GameID, Price: money.Money(b.Price), Status: games.Status(b.Status), FailureReason: b.FailureReason,
		CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt,
	}
	if b.CompletedAt != nil {
		p.CompletedAt = *b.CompletedAt
	}
	return p
}

func toPurchases(b contractgames.PurchasePage) games.PurchasePage {
	return games.PurchasePage{Purchases: all(b.Items, toPurchase), NextCursor: b.NextCursor}
}

func toLibrary(b contractgames.LibraryPage) games.LibraryPage {
	return games.LibraryPage{NextCursor: b.NextCursor, Items: all(b.Items, func(i contractgames.LibraryItem) games.OwnedGame {
		return games.OwnedGame{Game: toGame(i.Game), Purchase: games.Purchase{
			ID: i.PurchaseID, GameID: i.Game.ID, Status: games.Status(i.Status), CompletedAt: i.PurchasedAt,
		}}
	})}
}

func toRecommendations(b contractgames.Recommendations) []games.Recommendation {
	return all(b.Items, func(r contractgames.Recommendation) games.Recommendation {
		return games.Recommendation{Game: toGame(r.Game), Reason: games.Reason(r.Reason), Category: r.Category}
	})
}
