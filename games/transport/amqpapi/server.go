package amqpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/dto"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/rpc"
)

const (
	// retryAfter is when it is worth looking at an accepted purchase, in seconds.
	retryAfter = "1"
	// The paths over HTTP of what a command makes.
	locationGame     = "/api/games/"
	locationPurchase = "/api/purchases/"
)

// NewServer serves the endpoints to requests over the broker. A purchase that comes
// again after a crash is carried out again only if it has an idempotency key, and what
// changes the catalogue is not; everything else is harmless to repeat.
func NewServer(set endpoints.Set) (*rpc.Mux, error) {
	route := func(operation string, ep endpoint.Endpoint, decode rpc.DecodeRequestFunc, encode rpc.EncodeResponseFunc) rpc.Route {
		return rpc.Route{Operation: operation, Handler: rpc.NewServer(ep, decode, encode), Repeat: rpc.Harmless}
	}
	once := func(r rpc.Route) rpc.Route { r.Repeat = rpc.Never; return r }
	buy := route(contractgames.OpPurchaseGame, set.PurchaseGameEndpoint, rpc.Decode(toPurchaseGame), rpc.Encode(purchased))
	buy.Repeat = rpc.WithKey
	return rpc.NewMux(
		buy,
		once(route(contractgames.OpCreateGame, set.CreateGameEndpoint, rpc.Decode(toCreateGame), rpc.Encode(created))),
		once(route(contractgames.OpUpdateGame, set.UpdateGameEndpoint, rpc.Decode(toUpdateGame), rpc.Encode(game))),
		once(route(contractgames.OpDeleteGame, set.DeleteGameEndpoint, rpc.Decode(toDeleteGame), rpc.NoContent)),
		route(contractgames.OpSearchGames, set.SearchGamesEndpoint, rpc.Decode(toSearch), rpc.Encode(rpc.Body(dto.GamePage))),
		route(contractgames.OpGetGame, set.GetGameEndpoint, rpc.Decode(toGetGame), rpc.Encode(game)),
		route(contractgames.OpListCategories, set.ListCategoriesEndpoint, rpc.Decode(toListCategories), rpc.Encode(rpc.Body(dto.Categories))),
		conditional(route(contractgames.OpGetPurchase, set.GetPurchaseEndpoint, rpc.Decode(toGetPurchase), rpc.Encode(current))),
		conditional(route(contractgames.OpAwaitPurchase, set.AwaitPurchaseEndpoint, rpc.Decode(toAwaitPurchase), rpc.Encode(current))),
		route(contractgames.OpCancelPurchase, set.CancelPurchaseEndpoint, rpc.Decode(toCancel), rpc.Encode(receipt)),
		route(contractgames.OpRequestRefund, set.RequestRefundEndpoint, rpc.Decode(toRefund), rpc.Encode(accepted)),
		route(contractgames.OpListPurchases, set.ListPurchasesEndpoint, rpc.Decode(toPage), rpc.Encode(rpc.Body(dto.PurchasePage))),
		route(contractgames.OpLibrary, set.LibraryEndpoint, rpc.Decode(toPage), rpc.Encode(rpc.Body(dto.LibraryPage))),
		route(contractgames.OpRecommendations, set.RecommendationsEndpoint, rpc.Decode(toRecommendations), rpc.Encode(rpc.Body(dto.Recommendations))),
	)
}

// conditional makes the route answer 304 to who has the state already.
func conditional(r rpc.Route) rpc.Route {
	full := r.Handler
	r.Handler = rpc.HandlerFunc(func(ctx context.Context, req rpc.Request) rpc.Answer {
		a := full.Serve(ctx, req)
		if a.Status == http.StatusOK && dto.Unchanged(req.Headers[rpc.HeaderIfNoneMatch], a.Headers[rpc.HeaderETag]) {
			a.Status, a.ContentType, a.Body = http.StatusNotModified, "", nil
		}
		return a
	})
	return r
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

func toCreateGame(_ rpc.Request, b contractgames.GameDetails) (games.CreateGame, error) {
	return games.CreateGame{GameDetails: dto.ToDetails(b)}, nil
}

func toUpdateGame(r rpc.Request, b contractgames.UpdateGameRequest) (games.UpdateGame, error) {
	version, err := ifMatch(r)
	return games.UpdateGame{GameID: b.GameID, IfVersion: version, GameDetails: dto.ToDetails(b.GameDetails)}, err
}

func toDeleteGame(r rpc.Request, b contractgames.GameRequest) (games.DeleteGame, error) {
	version, err := ifMatch(r)
	return games.DeleteGame{GameID: b.GameID, IfVersion: version}, err
}

func ifMatch(r rpc.Request) (int64, error) {
	if value, present := r.Headers[rpc.HeaderIfMatch]; present {
		return dto.ToIfMatch(value)
	}
	return 0, nil
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

func created(a *rpc.Answer, g games.Game) contractgames.Game {
	a.Status, a.Headers[rpc.HeaderLocation] = http.StatusCreated, locationGame+g.ID
	return game(a, g)
}

// current answers with a state that the next look may find changed.
func current(a *rpc.Answer, p games.Purchase) contractgames.Purchase {
	a.Headers[rpc.HeaderCacheControl] = "private, no-cache"
	return purchase(a, p)
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

// purchased answers that a purchase is under way, and where it is.
func purchased(a *rpc.Answer, r games.Receipt) contractgames.Purchase {
	a.Headers[rpc.HeaderLocation] = locationPurchase + r.Purchase.ID
	return accepted(a, r)
}
