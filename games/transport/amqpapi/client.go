package amqpapi

import (
	"context"
	"time"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/dto"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
)

// ErrNotOverAMQP says that an operation is not served over the broker.
var ErrNotOverAMQP = errs.New(errs.MethodNotAllowed, "not-over-amqp", "this operation is not served over AMQP")

// NewClient returns the service behind a caller. The token of who calls comes from the
// context, and the UserID of a command is not sent. A client knows of a purchase what
// the API tells: neither the user, nor the payment. The administration of the
// catalogue fails with ErrNotOverAMQP.
func NewClient(caller rpc.Caller) endpoints.Set {
	call := func(operation string, send rpc.EncodeRequestFunc, receive rpc.DecodeResponseFunc) endpoint.Endpoint {
		return rpc.NewClient(caller, operation, send, receive)
	}
	none := func(context.Context, any) (any, error) { return nil, ErrNotOverAMQP }
	return endpoints.Set{
		SearchGamesEndpoint:     call(contractgames.OpSearchGames, rpc.Send(sendSearch), rpc.Receive(rpc.From(dto.ToResult))),
		GetGameEndpoint:         call(contractgames.OpGetGame, rpc.Send(sendGetGame), rpc.Receive(rpc.From(dto.ToGame))),
		ListCategoriesEndpoint:  call(contractgames.OpListCategories, rpc.Send(sendListCategories), rpc.Receive(rpc.From(dto.ToFacets))),
		CreateGameEndpoint:      none,
		UpdateGameEndpoint:      none,
		DeleteGameEndpoint:      none,
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

func sendPurchaseGame(r *rpc.Request, c games.PurchaseGame) contractgames.PurchaseGameRequest {
	idempotent(r, c.IdempotencyKey)
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
	idempotent(r, c.IdempotencyKey)
	return contractgames.PurchaseIDRequest{PurchaseID: c.PurchaseID}
}

func sendRefund(r *rpc.Request, c games.RequestRefund) contractgames.PurchaseIDRequest {
	idempotent(r, c.IdempotencyKey)
	return contractgames.PurchaseIDRequest{PurchaseID: c.PurchaseID}
}

func sendPage(_ *rpc.Request, q games.MyPage) contractgames.PageRequest {
	return contractgames.PageRequest{Limit: q.Limit, Cursor: q.Cursor}
}

func sendRecommendations(_ *rpc.Request, q games.RecommendationsQuery) contractgames.RecommendationsRequest {
	return contractgames.RecommendationsRequest{Limit: q.Limit}
}

func idempotent(r *rpc.Request, key string) {
	if key != "" {
		r.Headers[rpc.HeaderIdempotencyKey] = key
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
