// Package endpoints makes the operations of the games service go-kit endpoints. Its
// Set is a games.Service itself, so a client that fills a Set is one as well; its
// Reactions are games.Reactions.
package endpoints

import (
	"context"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/games"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/middleware"
)

// Set holds an endpoint for each operation that clients may ask for. Requests are
// the commands and queries of package games; responses are what the Service
// returns, and nil where it returns only an error.
type Set struct {
	SearchGamesEndpoint     endpoint.Endpoint
	GetGameEndpoint         endpoint.Endpoint
	ListCategoriesEndpoint  endpoint.Endpoint
	CreateGameEndpoint      endpoint.Endpoint
	UpdateGameEndpoint      endpoint.Endpoint
	DeleteGameEndpoint      endpoint.Endpoint
	PurchaseGameEndpoint    endpoint.Endpoint
	GetPurchaseEndpoint     endpoint.Endpoint
	AwaitPurchaseEndpoint   endpoint.Endpoint
	CancelPurchaseEndpoint  endpoint.Endpoint
	RequestRefundEndpoint   endpoint.Endpoint
	ListPurchasesEndpoint   endpoint.Endpoint
	LibraryEndpoint         endpoint.Endpoint
	RecommendationsEndpoint endpoint.Endpoint
}

var _ games.Service = Set{}

// ListCategories is the request of ListCategoriesEndpoint.
type ListCategories struct{}

// New returns the endpoints of a service. Around each is what wrap makes for its
// name; inside of that the caller's token is verified where one is needed, and who
// calls is put into the command, whatever it said before.
func New(svc games.Service, wrap middleware.Factory, verifier middleware.TokenVerifier) Set {
	user, admin := middleware.Authenticate(verifier, middleware.User), middleware.Authenticate(verifier, middleware.Admin)
	categories := func(ctx context.Context, _ ListCategories) ([]games.Facet, error) { return svc.ListCategories(ctx) }
	remove := func(ctx context.Context, c games.DeleteGame) (struct{}, error) {
		return struct{}{}, svc.DeleteGame(ctx, c)
	}
	return Set{
		SearchGamesEndpoint:     wrap("games.SearchGames")(middleware.Endpoint(svc.SearchGames)),
		GetGameEndpoint:         wrap("games.GetGame")(middleware.Endpoint(svc.GetGame)),
		ListCategoriesEndpoint:  wrap("games.ListCategories")(middleware.Endpoint(categories)),
		CreateGameEndpoint:      wrap("games.CreateGame")(admin(middleware.Endpoint(svc.CreateGame))),
		UpdateGameEndpoint:      wrap("games.UpdateGame")(admin(middleware.Endpoint(svc.UpdateGame))),
		DeleteGameEndpoint:      wrap("games.DeleteGame")(admin(middleware.Endpoint(remove))),
		PurchaseGameEndpoint:    wrap("games.PurchaseGame")(user(as(svc.PurchaseGame, func(c *games.PurchaseGame) *string { return &c.UserID }))),
		GetPurchaseEndpoint:     wrap("games.GetPurchase")(user(as(svc.GetPurchase, func(c *games.GetPurchase) *string { return &c.UserID }))),
		AwaitPurchaseEndpoint:   wrap("games.AwaitPurchase")(user(as(svc.AwaitPurchase, func(c *games.AwaitPurchase) *string { return &c.UserID }))),
		CancelPurchaseEndpoint:  wrap("games.CancelPurchase")(user(as(svc.CancelPurchase, func(c *games.CancelPurchase) *string { return &c.UserID }))),
		RequestRefundEndpoint:   wrap("games.RequestRefund")(user(as(svc.RequestRefund, func(c *games.RequestRefund) *string { return &c.UserID }))),
		ListPurchasesEndpoint:   wrap("games.ListPurchases")(user(as(svc.ListPurchases, myPage))),
		LibraryEndpoint:         wrap("games.Library")(user(as(svc.Library, myPage))),
		RecommendationsEndpoint: wrap("games.Recommendations")(user(as(svc.Recommendations, func(c *games.RecommendationsQuery) *string { return &c.UserID }))),
	}
}

func myPage(c *games.MyPage) *string { return &c.UserID }

// as makes an endpoint that puts the verified caller where userID points in the
// command, before f gets it.
func as[C, R any](f func(context.Context, C) (R, error), userID func(*C) *string) endpoint.Endpoint {
	return middleware.Endpoint(func(ctx context.Context, c C) (R, error) {
		p, ok := auth.PrincipalFrom(ctx)
		if !ok {
			var zero R
			return zero, auth.ErrTokenRequired
		}
		*userID(&c) = p.UserID
		return f(ctx, c)
	})
}

// SearchGames implements games.Service.
func (s Set) SearchGames(ctx context.Context, q games.SearchQuery) (games.SearchResult, error) {
	return middleware.Call[games.SearchResult](ctx, s.SearchGamesEndpoint, q)
}

// GetGame implements games.Service.
func (s Set) GetGame(ctx context.Context, q games.GetGame) (games.Game, error) {
	return middleware.Call[games.Game](ctx, s.GetGameEndpoint, q)
}

// ListCategories implements games.Service.
func (s Set) ListCategories(ctx context.Context) ([]games.Facet, error) {
	return middleware.Call[[]games.Facet](ctx, s.ListCategoriesEndpoint, ListCategories{})
}

// CreateGame implements games.Service.
func (s Set) CreateGame(ctx context.Context, c games.CreateGame) (games.Game, error) {
	return middleware.Call[games.Game](ctx, s.CreateGameEndpoint, c)
}

// UpdateGame implements games.Service.
func (s Set) UpdateGame(ctx context.Context, c games.UpdateGame) (games.Game, error) {
	return middleware.Call[games.Game](ctx, s.UpdateGameEndpoint, c)
}

// DeleteGame implements games.Service.
func (s Set) DeleteGame(ctx context.Context, c games.DeleteGame) error {
	_, err := s.DeleteGameEndpoint(ctx, c)
	return err
}

// PurchaseGame implements games.Service.
func (s Set) PurchaseGame(ctx context.Context, c games.PurchaseGame) (games.Receipt, error) {
	return middleware.Call[games.Receipt](ctx, s.PurchaseGameEndpoint, c)
}

// GetPurchase implements games.Service.
func (s Set) GetPurchase(ctx context.Context, q games.GetPurchase) (games.Purchase, error) {
	return middleware.Call[games.Purchase](ctx, s.GetPurchaseEndpoint, q)
}

// AwaitPurchase implements games.Service.
func (s Set) AwaitPurchase(ctx context.Context, q games.AwaitPurchase) (games.Purchase, error) {
	return middleware.Call[games.Purchase](ctx, s.AwaitPurchaseEndpoint, q)
}

// CancelPurchase implements games.Service.
func (s Set) CancelPurchase(ctx context.Context, c games.CancelPurchase) (games.Receipt, error) {
	return middleware.Call[games.Receipt](ctx, s.CancelPurchaseEndpoint, c)
}

// RequestRefund implements games.Service.
func (s Set) RequestRefund(ctx context.Context, c games.RequestRefund) (games.Receipt, error) {
	return middleware.Call[games.Receipt](ctx, s.RequestRefundEndpoint, c)
}

// ListPurchases implements games.Service.
func (s Set) ListPurchases(ctx context.Context, q games.MyPage) (games.PurchasePage, error) {
	return middleware.Call[games.PurchasePage](ctx, s.ListPurchasesEndpoint, q)
}

// Library implements games.Service.
func (s Set) Library(ctx context.Context, q games.MyPage) (games.LibraryPage, error) {
	return middleware.Call[games.LibraryPage](ctx, s.LibraryEndpoint, q)
}

// Recommendations implements games.Service.
func (s Set) Recommendations(ctx context.Context, q games.RecommendationsQuery) ([]games.Recommendation, error) {
	return middleware.Call[[]games.Recommendation](ctx, s.RecommendationsEndpoint, q)
}
