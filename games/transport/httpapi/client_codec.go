package httpapi

import (
	"net/url"
	"strconv"
	"time"

	"gamestore.example/games"
	"gamestore.example/games/transport/dto"
)

func nothing(any) (outgoing, error) { return outgoing{}, nil }

func searchQuery(request any) (outgoing, error) {
	return typed(func(q games.SearchQuery) outgoing {
		return outgoing{query: query("q", q.Text, "category", q.Category, "sort", string(q.Sort), "cursor", q.Cursor, "limit", count(q.Limit))}
	})(request)
}

func createBody(request any) (outgoing, error) {
	return typed(func(c games.CreateGame) outgoing { return outgoing{body: dto.Details(c.GameDetails)} })(request)
}

func getGame(request any) (outgoing, error) {
	return typed(func(q games.GetGame) outgoing { return outgoing{id: q.GameID, absent: games.ErrGameNotFound} })(request)
}

func updateBody(request any) (outgoing, error) {
	return typed(func(c games.UpdateGame) outgoing {
		return outgoing{id: c.GameID, absent: games.ErrGameNotFound, headers: matching(c.IfVersion), body: dto.Details(c.GameDetails)}
	})(request)
}

func deleteGame(request any) (outgoing, error) {
	return typed(func(c games.DeleteGame) outgoing {
		return outgoing{id: c.GameID, absent: games.ErrGameNotFound, headers: matching(c.IfVersion)}
	})(request)
}

func purchaseRequest(request any) (outgoing, error) {
	return typed(func(c games.PurchaseGame) outgoing {
		return outgoing{id: c.GameID, absent: games.ErrGameNotFound, headers: idempotent(c.IdempotencyKey), body: dto.PurchaseRequest(c)}
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
		return map[string]string{"If-Match": dto.ETag(version)}
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
