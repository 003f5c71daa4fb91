package amqpapi

import (
	"net/http"
	"time"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/dto"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/rpc"
)

// retryAfter is when it is worth looking at an accepted purchase, in seconds.
const retryAfter = "1"

// NewServer serves the endpoints to requests over the broker: everything but the
// catalogue's administration. A purchase that comes again after a crash is carried out
// again only if it has an idempotency key; everything else is harmless to repeat.
func NewServer(set endpoints.Set) (*rpc.Mux, error) {
	route := func(operation string, ep endpoint.Endpoint, decode rpc.DecodeRequestFunc, encode rpc.EncodeResponseFunc) rpc.Route {
		return rpc.Route{Operation: operation, Handler: rpc.NewServer(ep, decode, encode), Repeat: rpc.Harmless}
	}
	buy := route(contractgames.OpPurchaseGame, set.PurchaseGameEndpoint, rpc.Decode(toPurchaseGame), rpc.Encode(accepted))
	buy.Repeat = rpc.WithKey
	return rpc.NewMux(
		buy,
		route(contractgames.OpSearchGames, set.SearchGamesEndpoint, rpc.Decode(toSearch), rpc.Encode(rpc.Body(dto.GamePage))),
		route(contractgames.OpGetGame, set.GetGameEndpoint, rpc.Decode(toGetGame), rpc.Encode(game)),
		route(contractgames.OpListCategories, set.ListCategoriesEndpoint, rpc.Decode(toListCategories), rpc.Encode(rpc.Body(dto.Categories))),
		route(contractgames.OpGetPurchase, set.GetPurchaseEndpoint, rpc.Decode(toGetPurchase), rpc.Encode(purchase)),
		route(contractgames.OpAwaitPurchase, set.AwaitPurchaseEndpoint, rpc.Decode(toAwaitPurchase), rpc.Encode(purchase)),
		route(contractgames.OpCancelPurchase, set.CancelPurchaseEndpoint, rpc.Decode(toCancel), rpc.Encode(receipt)),
		route(contractgames.OpRequestRefund, set.RequestRefundEndpoint, rpc.Decode(toRefund), rpc.Encode(accepted)),
		route(contractgames.OpListPurchases, set.ListPurchasesEndpoint, rpc.Decode(toPage), rpc.Encode(rpc.Body(dto.PurchasePage))),
		route(contractgames.OpLibrary, set.LibraryEndpoint, rpc.Decode(toPage), rpc.Encode(rpc.Body(dto.LibraryPage))),
		route(contractgames.OpRecommendations, set.RecommendationsEndpoint, rpc.Decode(toRecommendations), rpc.Encode(rpc.Body(dto.Recommendations))),
	)
}

func key(r rpc.Request) string { return r.Headers[rpc.HeaderIdempotencyKey] }

func toSearch(_ rpc.Request, b contractgames.SearchRequest) (games.SearchQuery, error) {
	return games.SearchQuery{Text: b.Text, Category: b.Category, Sort: games.Sort(b.Sort), Limit: b.Limit, Cursor: b.Cursor}, nil
}

func toGetGame(_ rpc.Request, b contractgames.GameRequest) (games.GetGame, error) {
	return games.GetGame{GameID: b.GameID}, nil
}

func toListCategories(rpc.Request, contractgames.Nothing) (endpoints.ListCategories, error) {
	return endpoints.ListCategories{}, nil
}

func toPurchaseGame(r rpc.Request, b contractgames.PurchaseGameRequest) (games.PurchaseGame, error) {
	return dto.ToPurchaseGame(b.GameID, key(r), b.PurchaseRequest), nil
}

func toGetPurchase(_ rpc.Request, b contractgames.PurchaseIDRequest) (games.GetPurchase, error) {
	return games.GetPurchase{PurchaseID: b.PurchaseID}, nil
}

func toAwaitPurchase(_ rpc.Request, b contractgames.AwaitPurchaseRequest) (games.AwaitPurchase, error) {
	var known games.Status
	if b.Status != "" {
		var err error
		if known, err = dto.Status(b.Status); err != nil {
			return games.AwaitPurchase{}, err
		}
	}
	// Bounded first: a wait that is far off does not fit into a Duration.
	wait := min(max(b.WaitMillis, -1), games.MaxWait.Milliseconds()+1)
	q := games.AwaitPurchase{PurchaseID: b.PurchaseID, Status: known, Wait: time.Duration(wait) * time.Millisecond}
	return q, q.Validate()
}

func toCancel(r rpc.Request, b contractgames.PurchaseIDRequest) (games.CancelPurchase, error) {
	return games.CancelPurchase{PurchaseID: b.PurchaseID, IdempotencyKey: key(r)}, nil
}

func toRefund(r rpc.Request, b contractgames.PurchaseIDRequest) (games.RequestRefund, error) {
	return games.RequestRefund{PurchaseID: b.PurchaseID, IdempotencyKey: key(r)}, nil
}

func toPage(_ rpc.Request, b contractgames.PageRequest) (games.MyPage, error) {
	return games.MyPage{Limit: b.Limit, Cursor: b.Cursor}, nil
}

func toRecommendations(_ rpc.Request, b contractgames.RecommendationsRequest) (games.RecommendationsQuery, error) {
	return games.RecommendationsQuery{Limit: b.Limit}, nil
}

func game(a *rpc.Answer, g games.Game) contractgames.Game {
	a.Headers[rpc.HeaderETag] = dto.ETag(g.Version)
	return dto.Game(g)
}

func purchase(a *rpc.Answer, p games.Purchase) contractgames.Purchase {
	a.Headers[rpc.HeaderETag] = dto.ETag(p.Version)
	return dto.Purchase(p)
}

func receipt(a *rpc.Answer, r games.Receipt) contractgames.Purchase {
	if r.Replayed {
		a.Headers[rpc.HeaderReplayed] = "true"
	}
	return purchase(a, r.Purchase)
}

// accepted answers that something is under way.
func accepted(a *rpc.Answer, r games.Receipt) contractgames.Purchase {
	a.Status = http.StatusAccepted
	a.Headers[rpc.HeaderRetryAfter] = retryAfter
	return receipt(a, r)
}
