package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/dto"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
)

// noBody is the body of operations that need none; {} is as good as nothing.
type noBody struct{}

func id(r *http.Request) string { return mux.Vars(r)["id"] }

func key(r *http.Request) string { return r.Header.Get("Idempotency-Key") }

func decodeNothing(context.Context, *http.Request) (any, error) {
	return endpoints.ListCategories{}, nil
}

func decodeSearch(_ context.Context, r *http.Request) (any, error) {
	q, err := parseQuery(r)
	if err != nil {
		return nil, err
	}
	limit, err := number(q, "limit", 1, games.MaxLimit)
	return games.SearchQuery{
		Text: q.Get("q"), Category: q.Get("category"), Sort: games.Sort(q.Get("sort")), Limit: limit, Cursor: q.Get("cursor"),
	}, err
}

func decodeGetGame(_ context.Context, r *http.Request) (any, error) {
	return games.GetGame{GameID: id(r)}, nil
}

func decodeCreateGame(_ context.Context, r *http.Request) (any, error) {
	d, err := details(r)
	return games.CreateGame{GameDetails: d}, err
}

func decodeUpdateGame(_ context.Context, r *http.Request) (any, error) {
	version, err := ifMatch(r)
	if err != nil {
		return nil, err
	}
	d, err := details(r)
	return games.UpdateGame{GameID: id(r), IfVersion: version, GameDetails: d}, err
}

func decodeDeleteGame(_ context.Context, r *http.Request) (any, error) {
	version, err := ifMatch(r)
	return games.DeleteGame{GameID: id(r), IfVersion: version}, err
}

func details(r *http.Request) (games.GameDetails, error) {
	b, err := httpserver.DecodeJSON[contractgames.GameDetails](r)
	return dto.ToDetails(b), err
}

func decodePurchaseGame(_ context.Context, r *http.Request) (any, error) {
	b, err := httpserver.DecodeOptionalJSON[contractgames.PurchaseRequest](r)
	return dto.ToPurchaseGame(id(r), key(r), b), err
}

// decodeGetPurchase returns an AwaitPurchase when the query says wait.
func decodeGetPurchase(_ context.Context, r *http.Request) (any, error) {
	q, err := parseQuery(r)
	if err != nil {
		return nil, err
	}
	if !q.Has("wait") {
		return games.GetPurchase{PurchaseID: id(r)}, nil
	}
	seconds, err := number(q, "wait", 0, int(games.MaxWait/time.Second))
	if err != nil {
		return nil, err
	}
	known := games.StatusPending
	if q.Has("status") {
		known, err = dto.Status(q.Get("status"))
	}
	if err != nil {
		return nil, err
	}
	return games.AwaitPurchase{PurchaseID: id(r), Status: known, Wait: time.Duration(seconds) * time.Second}, nil
}

func decodeWatchPurchase(_ context.Context, r *http.Request) (any, error) {
	return games.GetPurchase{PurchaseID: id(r)}, nil
}

func decodeCancel(_ context.Context, r *http.Request) (any, error) {
	_, err := httpserver.DecodeOptionalJSON[noBody](r)
	return games.CancelPurchase{PurchaseID: id(r), IdempotencyKey: key(r)}, err
}

func decodeRefund(_ context.Context, r *http.Request) (any, error) {
	_, err := httpserver.DecodeOptionalJSON[noBody](r)
	return games.RequestRefund{PurchaseID: id(r), IdempotencyKey: key(r)}, err
}

func decodeMyPage(_ context.Context, r *http.Request) (any, error) {
	q, err := parseQuery(r)
	if err != nil {
		return nil, err
	}
	limit, err := number(q, "limit", 1, games.MaxLimit)
	return games.MyPage{Limit: limit, Cursor: q.Get("cursor")}, err
}

func decodeRecommendations(_ context.Context, r *http.Request) (any, error) {
	q, err := parseQuery(r)
	if err != nil {
		return nil, err
	}
	limit, err := number(q, "limit", 1, games.MaxRecommended)
	return games.RecommendationsQuery{Limit: limit}, err
}

// parseQuery refuses what net/http would silently leave out.
func parseQuery(r *http.Request) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errs.New(errs.Invalid, "", "the query string is malformed").WithCause(err)
	}
	return q, nil
}

// number returns a whole number of the query, 0 when it is not there.
func number(q url.Values, name string, low, high int) (int, error) {
	if !q.Has(name) {
		return 0, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < low || n > high {
		return 0, errs.InvalidFields(errs.Field{Name: name, Message: fmt.Sprintf("must be a whole number from %d to %d", low, high)})
	}
	return n, nil
}
