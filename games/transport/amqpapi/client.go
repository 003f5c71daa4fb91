package amqpapi

import (
	"time"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/dto"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/rpc"
)

// NewClient returns the service behind a caller. The token of who calls comes from the
// context, and the UserID of a command is not sent. A client knows of a purchase what
// the API tells: neither the user, nor the payment.
func NewClient(caller rpc.Caller) endpoints.Set {
	call := func(operation string, send rpc.EncodeRequestFunc, receive rpc.DecodeResponseFunc) endpoint.Endpoint {
		return rpc.NewClient(caller, operation, send, receive)
	}
	entry := rpc.Receive(rpc.From(dto.ToGame))
	return endpoints.Set{
		SearchGamesEndpoint:     call(contractgames.OpSearchGames, rpc.Send(sendSearch), rpc.Receive(rpc.From(dto.ToResult))),
		GetGameEndpoint:         call(contractgames.OpGetGame, rpc.Send(sendGetGame), entry),
		ListCategoriesEndpoint:  call(contractgames.OpListCategories, rpc.Send(sendListCategories), rpc.Receive(rpc.From(dto.ToFacets))),
		CreateGameEndpoint:      call(contractgames.OpCreateGame, rpc.Send(sendCreateGame), entry),
		UpdateGameEndpoint:      call(contractgames.OpUpdateGame, rpc.Send(sendUpdateGame), entry),
		DeleteGameEndpoint:      call(contractgames.OpDeleteGame, rpc.Send(sendDeleteGame), rpc.Done),
		PurchaseGameEndpoint:    call(contractgames.OpPurchaseGame, rpc.Send(sendPurchaseGame), rpc.Receive(toReceipt)),
		GetPurchaseEndpoint:     call(contractgames.OpGetPurchase, rpc.Send(sendGetPurchase), rpc.Receive(toPurchase)),
		AwaitPurchaseEndpoint:   call(contractgames.OpAwaitPurchase, rpc.Send(sendAwaitPurchase), rpc.Receive(toPurchase)),
		CancelPurchaseEndpoint:  call(contractgames.OpCancelPurchase, rpc.Send(sendCancel), rpc.Receive(toReceipt)),
		RequestRefundEndpoint:   call(contractgames.OpRequestRefund, rpc.Send(sendRefund), rpc.Receive(toReceipt)),
		ListPurchasesEndpoint:   call(contractgames.OpListPurchases, rpc.Send(sendPage), rpc.Receive(rpc.From(dto.ToPurchases))),
		LibraryEndpoint:         call(contractgames.OpLibrary, rpc.Send(sendPage), rpc.Receive(rpc.From(dto.ToLibrary))),
		RecommendationsEndpoint: call(contractgames.OpRecommendations, rpc.Send(sendRecommendations), rpc.Receive(rpc.From(dto.ToRecommendations))),
	}
}

func sendSearch(_ *rpc.Request, q games.SearchQuery) contractgames.SearchRequest {
	return contractgames.SearchRequest{Text: q.Text, Category: q.Category, Sort: string(q.Sort), Limit: q.Limit, Cursor: q.Cursor}
}

func sendGetGame(_ *rpc.Request, q games.GetGame) contractgames.GameRequest {
	return contractgames.GameRequest{GameID: q.GameID}
}

func sendListCategories(*rpc.Request, endpoints.ListCategories) contractgames.Nothing {
	return contractgames.Nothing{}
}

func sendCreateGame(_ *rpc.Request, c games.CreateGame) contractgames.GameDetails {
	return dto.Details(c.GameDetails)
}

func sendUpdateGame(r *rpc.Request, c games.UpdateGame) contractgames.UpdateGameRequest {
	say(r, rpc.HeaderIfMatch, dto.IfMatch(c.IfVersion))
	return contractgames.UpdateGameRequest{GameID: c.GameID, GameDetails: dto.Details(c.GameDetails)}
}

func sendDeleteGame(r *rpc.Request, c games.DeleteGame) contractgames.GameRequest {
	say(r, rpc.HeaderIfMatch, dto.IfMatch(c.IfVersion))
	return contractgames.GameRequest{GameID: c.GameID}
}

func sendPurchaseGame(r *rpc.Request, c games.PurchaseGame) contractgames.PurchaseGameRequest {
	say(r, rpc.HeaderIdempotencyKey, c.IdempotencyKey)
	return contractgames.PurchaseGameRequest{GameID: c.GameID, PurchaseRequest: dto.PurchaseRequest(c)}
}

func sendGetPurchase(_ *rpc.Request, q games.GetPurchase) contractgames.PurchaseIDRequest {
	return contractgames.PurchaseIDRequest{PurchaseID: q.PurchaseID}
}

func sendAwaitPurchase(_ *rpc.Request, q games.AwaitPurchase) contractgames.AwaitPurchaseRequest {
	millis := (q.Wait + time.Millisecond - 1) / time.Millisecond
	return contractgames.AwaitPurchaseRequest{PurchaseID: q.PurchaseID, Status: string(q.Status), WaitMillis: int64(millis)}
}

func sendCancel(r *rpc.Request, c games.CancelPurchase) contractgames.PurchaseIDRequest {
	say(r, rpc.HeaderIdempotencyKey, c.IdempotencyKey)
	return contractgames.PurchaseIDRequest{PurchaseID: c.PurchaseID}
}

func sendRefund(r *rpc.Request, c games.RequestRefund) contractgames.PurchaseIDRequest {
	say(r, rpc.HeaderIdempotencyKey, c.IdempotencyKey)
	return contractgames.PurchaseIDRequest{PurchaseID: c.PurchaseID}
}

func sendPage(_ *rpc.Request, q games.MyPage) contractgames.PageRequest {
	return contractgames.PageRequest{Limit: q.Limit, Cursor: q.Cursor}
}

func sendRecommendations(_ *rpc.Request, q games.RecommendationsQuery) contractgames.RecommendationsRequest {
	return contractgames.RecommendationsRequest{Limit: q.Limit}
}

// say sets a header, unless there is nothing to say.
func say(r *rpc.Request, header, value string) {
	if value != "" {
		r.Headers[header] = value
	}
}

func toPurchase(a rpc.Answer, b contractgames.Purchase) games.Purchase {
	p := dto.ToPurchase(b)
	p.Version = dto.ToVersion(a.Headers[rpc.HeaderETag])
	return p
}

func toReceipt(a rpc.Answer, b contractgames.Purchase) games.Receipt {
	return games.Receipt{Purchase: toPurchase(a, b), Replayed: a.Headers[rpc.HeaderReplayed] == "true"}
}
