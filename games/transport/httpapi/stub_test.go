package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/httpapi"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/money"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stub is a service that answers from its fields and notes the last request.
type stub struct {
	games.Service // panics where a test did not expect a call

	last     any
	purchase games.Purchase
	await    func(context.Context, games.AwaitPurchase) (games.Purchase, error)
	err      error
}

func (s *stub) SearchGames(_ context.Context, q games.SearchQuery) (games.SearchResult, error) {
	s.last = q
	return games.SearchResult{}, s.err
}

func (s *stub) GetGame(_ context.Context, q games.GetGame) (games.Game, error) {
	s.last = q
	return games.Game{ID: q.GameID, Version: 7}, s.err
}

func (s *stub) UpdateGame(_ context.Context, c games.UpdateGame) (games.Game, error) {
	s.last = c
	return games.Game{ID: c.GameID, Version: 8}, s.err
}

func (s *stub) DeleteGame(_ context.Context, c games.DeleteGame) error {
	s.last = c
	return s.err
}

func (s *stub) PurchaseGame(_ context.Context, c games.PurchaseGame) (games.Receipt, error) {
	s.last = c
	return games.Receipt{Purchase: s.purchase}, s.err
}

func (s *stub) GetPurchase(_ context.Context, q games.GetPurchase) (games.Purchase, error) {
	s.last = q
	return s.purchase, s.err
}

func (s *stub) AwaitPurchase(ctx context.Context, q games.AwaitPurchase) (games.Purchase, error) {
	s.last = q
	return s.await(ctx, q)
}

// anybody takes every token as its user's id.
type anybody struct{}

func (anybody) Verify(_ context.Context, raw string) (auth.Principal, error) {
	if raw == "" {
		return auth.Principal{}, auth.ErrTokenRequired
	}
	return auth.Principal{UserID: raw, Roles: []string{auth.RoleUser, auth.RoleAdmin}}, nil
}

func (s *stub) handler() http.Handler {
	return httpapi.NewHandler(endpoints.New(s, middleware.Chain(), anybody{}))
}

// request makes a request of the user "u"; headers come in pairs.
func request(ctx context.Context, method, path, body string, headers ...string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer u")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func (s *stub) do(t *testing.T, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, request(t.Context(), method, path, body, headers...))
	return w
}

func purchase(s games.Status, version int64) games.Purchase {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return games.Purchase{ID: "p1", GameID: "g1", Price: money.Money{Amount: 1, Currency: "BRL"}, Status: s, Version: version, CreatedAt: at, UpdatedAt: at}
}

// answer is the purchase as it is.
func (s *stub) answer(context.Context, games.AwaitPurchase) (games.Purchase, error) {
	return s.purchase, s.err
}
