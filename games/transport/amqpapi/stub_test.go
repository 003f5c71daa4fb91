package amqpapi_test

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/amqpapi"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stub is a service that notes the last request, and answers what it is told to.
type stub struct {
	games.Service // panics where a test did not expect a call

	last, answer any
	err          error
}

func answer[R any](s *stub, request any) (R, error) {
	s.last = request
	r, _ := s.answer.(R)
	return r, s.err
}

func (s *stub) SearchGames(_ context.Context, q games.SearchQuery) (games.SearchResult, error) {
	return answer[games.SearchResult](s, q)
}

func (s *stub) GetGame(_ context.Context, q games.GetGame) (games.Game, error) {
	return answer[games.Game](s, q)
}

func (s *stub) ListCategories(context.Context) ([]games.Facet, error) {
	return answer[[]games.Facet](s, nil)
}

func (s *stub) CreateGame(_ context.Context, c games.CreateGame) (games.Game, error) {
	return answer[games.Game](s, c)
}

func (s *stub) UpdateGame(_ context.Context, c games.UpdateGame) (games.Game, error) {
	return answer[games.Game](s, c)
}

func (s *stub) DeleteGame(_ context.Context, c games.DeleteGame) error {
	_, err := answer[struct{}](s, c)
	return err
}

func (s *stub) PurchaseGame(_ context.Context, c games.PurchaseGame) (games.Receipt, error) {
	return answer[games.Receipt](s, c)
}

func (s *stub) GetPurchase(_ context.Context, q games.GetPurchase) (games.Purchase, error) {
	return answer[games.Purchase](s, q)
}

func (s *stub) AwaitPurchase(_ context.Context, q games.AwaitPurchase) (games.Purchase, error) {
	return answer[games.Purchase](s, q)
}

func (s *stub) CancelPurchase(_ context.Context, c games.CancelPurchase) (games.Receipt, error) {
	return answer[games.Receipt](s, c)
}

func (s *stub) RequestRefund(_ context.Context, c games.RequestRefund) (games.Receipt, error) {
	return answer[games.Receipt](s, c)
}

func (s *stub) ListPurchases(_ context.Context, q games.MyPage) (games.PurchasePage, error) {
	return answer[games.PurchasePage](s, q)
}

func (s *stub) Library(_ context.Context, q games.MyPage) (games.LibraryPage, error) {
	return answer[games.LibraryPage](s, q)
}

func (s *stub) Recommendations(_ context.Context, q games.RecommendationsQuery) ([]games.Recommendation, error) {
	return answer[[]games.Recommendation](s, q)
}

// anybody takes every token but "forged" as its user's id.
type anybody struct{}

func (anybody) Verify(_ context.Context, raw string) (auth.Principal, error) {
	switch raw {
	case "":
		return auth.Principal{}, auth.ErrTokenRequired
	case "forged":
		return auth.Principal{}, auth.ErrTokenInvalid
	}
	return auth.Principal{UserID: raw, Roles: []string{auth.RoleUser, auth.RoleAdmin}}, nil
}

func (s *stub) server(t *testing.T) rpc.Handler {
	t.Helper()
	m, err := amqpapi.NewServer(endpoints.New(s, middleware.Chain(), anybody{}))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// local calls a handler in this process.
func local(h rpc.Handler) rpc.Caller {
	return rpc.CallerFunc(func(_ context.Context, r rpc.Request) (rpc.Answer, error) {
		return h.Serve(context.Background(), r), nil
	})
}

// remote calls a handler over a real broker.
func remote(t *testing.T, h rpc.Handler) rpc.Caller {
	t.Helper()
	return rabbittest.Serve(t, "games", h)
}
