// Package httpapi serves the games service over HTTP, and calls it over HTTP.
package httpapi

import (
	"context"
	"net/http"

	"github.com/go-kit/kit/endpoint"
	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/gorilla/mux"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/dto"
	"gamestore.example/pkg/httpserver"
)

// The paths of the API.
const (
	pathGames           = "/api/games"
	pathGame            = "/api/games/{id}"
	pathCategories      = "/api/categories"
	pathBuy             = "/api/games/{id}/purchase"
	pathPurchase        = "/api/purchases/{id}"
	pathEvents          = "/api/purchases/{id}/events"
	pathCancel          = "/api/purchases/{id}/cancel"
	pathRefund          = "/api/purchases/{id}/refund"
	pathMyPurchases     = "/api/me/purchases"
	pathLibrary         = "/api/me/library"
	pathRecommendations = "/api/me/recommendations"
)

// NewHandler serves the endpoints. more are options of each server.
func NewHandler(set endpoints.Set, more ...kithttp.ServerOption) http.Handler {
	r := mux.NewRouter().SkipClean(true) // an unclean path is no route, not a redirect
	r.Use(httpserver.RecordRoute)
	httpserver.HandleUnmatched(r)
	options := append(append(httpserver.ServerOptions(), kithttp.ServerBefore(keepIfNoneMatch)), more...)
	route := func(method, path string, ep endpoint.Endpoint, decode kithttp.DecodeRequestFunc, encode kithttp.EncodeResponseFunc) {
		r.Handle(path, kithttp.NewServer(ep, decode, encode, options...)).Methods(method)
	}
	route(http.MethodGet, pathGames, set.SearchGamesEndpoint, decodeSearch, encode(dto.GamePage))
	route(http.MethodPost, pathGames, set.CreateGameEndpoint, decodeCreateGame, encodeCreated)
	route(http.MethodGet, pathGame, set.GetGameEndpoint, decodeGetGame, encodeGame)
	route(http.MethodPut, pathGame, set.UpdateGameEndpoint, decodeUpdateGame, encodeGame)
	route(http.MethodDelete, pathGame, set.DeleteGameEndpoint, decodeDeleteGame, encodeNothing)
	route(http.MethodGet, pathCategories, set.ListCategoriesEndpoint, decodeNothing, encode(dto.Categories))
	route(http.MethodPost, pathBuy, set.PurchaseGameEndpoint, decodePurchaseGame, encodeAccepted)
	route(http.MethodGet, pathPurchase, getOrAwait(set), decodeGetPurchase, encodePurchase)
	route(http.MethodGet, pathEvents, set.GetPurchaseEndpoint, decodeWatchPurchase, stream(set))
	route(http.MethodPost, pathCancel, set.CancelPurchaseEndpoint, decodeCancel, encodeReceipt)
	route(http.MethodPost, pathRefund, set.RequestRefundEndpoint, decodeRefund, encodeRefunding)
	route(http.MethodGet, pathMyPurchases, set.ListPurchasesEndpoint, decodeMyPage, encode(dto.PurchasePage))
	route(http.MethodGet, pathLibrary, set.LibraryEndpoint, decodeMyPage, encode(dto.LibraryPage))
	route(http.MethodGet, pathRecommendations, set.RecommendationsEndpoint, decodeRecommendations, encode(dto.Recommendations))
	return r
}

// getOrAwait chooses by what was asked for: one path serves both.
func getOrAwait(set endpoints.Set) endpoint.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		if _, wait := request.(games.AwaitPurchase); wait {
			return set.AwaitPurchaseEndpoint(ctx, request)
		}
		return set.GetPurchaseEndpoint(ctx, request)
	}
}
