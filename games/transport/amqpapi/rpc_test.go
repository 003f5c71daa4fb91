package amqpapi_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/games"
	"gamestore.example/games/transport/amqpapi"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus/rabbit"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/rpc"
)

// trip is a call of each operation: what the service gets and what comes back.
type trip struct {
	operation string
	public    bool
	call      func(context.Context, games.Service) (any, error)
	request   any
	answer    any
}

func trips() []trip {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	price := money.Money{Amount: 1999, Currency: "BRL"}
	p := games.Purchase{
		ID: "p1", GameID: "g1", Price: price, Status: games.StatusCompleted, FailureReason: "x", Version: 7, CreatedAt: at, UpdatedAt: at, CompletedAt: at,
	}
	g := games.Game{ID: "g1", Name: "G", Description: "d", Category: "c", Price: price, ReleasedAt: at, Purchases: 3, Version: 9}
	first := p // in a list there is no place for the version
	first.Version = 0
	search := games.SearchQuery{Text: "owl", Category: "puzzle", Sort: games.SortNewest, Limit: 3, Cursor: "c"}
	buy := games.PurchaseGame{UserID: "u", GameID: "g1", PaymentMethod: "tok", ExpectedPrice: &price, IdempotencyKey: "k"}
	await := games.AwaitPurchase{UserID: "u", PurchaseID: "p1", Status: games.StatusPending, Wait: 1500 * time.Millisecond}
	details := games.GameDetails{Name: "G", Description: "d", Category: "c", Price: price, ReleasedAt: at}
	page := games.MyPage{UserID: "u", Limit: 2, Cursor: "c"}
	owned := games.Purchase{ID: "p1", GameID: "g1", Status: games.StatusRefunding, CompletedAt: at}
	return []trip{
		{contractgames.OpSearchGames, true, func(ctx context.Context, s games.Service) (any, error) { return s.SearchGames(ctx, search) }, search,
			games.SearchResult{Games: []games.Game{g}, Facets: []games.Facet{{Category: "c", Count: 1}}, NextCursor: "n"}},
		{contractgames.OpGetGame, true, func(ctx context.Context, s games.Service) (any, error) {
			return s.GetGame(ctx, games.GetGame{GameID: "g1"})
		}, games.GetGame{GameID: "g1"}, g},
		{contractgames.OpListCategories, true, func(ctx context.Context, s games.Service) (any, error) { return s.ListCategories(ctx) }, nil, []games.Facet{{Category: "c", Count: 2}}},
		{contractgames.OpPurchaseGame, false, func(ctx context.Context, s games.Service) (any, error) { return s.PurchaseGame(ctx, buy) }, buy, games.Receipt{Purchase: p, Replayed: true}},
		{contractgames.OpGetPurchase, false, func(ctx context.Context, s games.Service) (any, error) {
			return s.GetPurchase(ctx, games.GetPurchase{UserID: "other", PurchaseID: "p1"})
		}, games.GetPurchase{UserID: "u", PurchaseID: "p1"}, p},
		{contractgames.OpAwaitPurchase, false, func(ctx context.Context, s games.Service) (any, error) { return s.AwaitPurchase(ctx, await) }, await, p},
		{contractgames.OpCancelPurchase, false, func(ctx context.Context, s games.Service) (any, error) {
			return s.CancelPurchase(ctx, games.CancelPurchase{PurchaseID: "p1", IdempotencyKey: "k"})
		}, games.CancelPurchase{UserID: "u", PurchaseID: "p1", IdempotencyKey: "k"}, games.Receipt{Purchase: p}},
		{contractgames.OpRequestRefund, false, func(ctx context.Context, s games.Service) (any, error) {
			return s.RequestRefund(ctx, games.RequestRefund{PurchaseID: "p1", IdempotencyKey: "k"})
		}, games.RequestRefund{UserID: "u", PurchaseID: "p1", IdempotencyKey: "k"}, games.Receipt{Purchase: p}},
		{contractgames.OpListPurchases, false, func(ctx context.Context, s games.Service) (any, error) { return s.ListPurchases(ctx, page) }, page,
			games.PurchasePage{Purchases: []games.Purchase{first}, NextCursor: "n"}},
		{contractgames.OpLibrary, false, func(ctx context.Context, s games.Service) (any, error) { return s.Library(ctx, page) }, page,
			games.LibraryPage{Items: []games.OwnedGame{{Game: g, Purchase: owned}}, NextCursor: "n"}},
		{contractgames.OpRecommendations, false, func(ctx context.Context, s games.Service) (any, error) {
			return s.Recommendations(ctx, games.RecommendationsQuery{Limit: 4})
		}, games.RecommendationsQuery{UserID: "u", Limit: 4}, []games.Recommendation{{Game: g, Reason: games.ReasonCategory, Category: "c"}}},
		{contractgames.OpCreateGame, false, func(ctx context.Context, s games.Service) (any, error) {
			return s.CreateGame(ctx, games.CreateGame{GameDetails: details})
		}, games.CreateGame{GameDetails: details}, g},
		{contractgames.OpUpdateGame, false, func(ctx context.Context, s games.Service) (any, error) {
			return s.UpdateGame(ctx, games.UpdateGame{GameID: "g1", IfVersion: 9, GameDetails: details})
		}, games.UpdateGame{GameID: "g1", IfVersion: 9, GameDetails: details}, g},
		{contractgames.OpDeleteGame, false, func(ctx context.Context, s games.Service) (any, error) {
			return nil, s.DeleteGame(ctx, games.DeleteGame{GameID: "g1", IfVersion: games.AnyVersion})
		}, games.DeleteGame{GameID: "g1", IfVersion: games.AnyVersion}, nil},
	}
}

func TestRoundTripInProcess(t *testing.T) { s := &stub{}; roundTrips(t, s, local(s.server(t))) }

func TestRoundTripOverRabbitMQ(t *testing.T) { s := &stub{}; roundTrips(t, s, remote(t, s.server(t))) }

func roundTrips(t *testing.T, s *stub, caller rpc.Caller) {
	client := amqpapi.NewClient(caller)
	me := auth.WithToken(t.Context(), "u")
	done := map[string]bool{}
	for _, tr := range trips() {
		done[tr.operation] = true
		*s = stub{answer: tr.answer}
		got, err := tr.call(me, client)
		if diff := cmp.Diff(tr.request, s.last); diff != "" || err != nil {
			t.Errorf("%s: %v, the service got (-want +got):\n%s", tr.operation, err, diff)
		}
		if diff := cmp.Diff(tr.answer, got); diff != "" {
			t.Errorf("%s: the client got (-want +got):\n%s", tr.operation, diff)
		}
		for _, sentinel := range []*errs.Error{
			games.ErrGameNotFound, games.ErrPurchaseNotFound, games.ErrNotAvailable, games.ErrAlreadyPending, games.ErrAlreadyOwned, games.ErrPriceChanged,
			games.ErrNotCancellable, games.ErrNotRefundable, games.ErrRefundWindow, games.ErrKeyReused, games.ErrInvalidCursor,
		} {
			*s = stub{err: sentinel.WithCause(errors.New("secret"))}
			if _, err := tr.call(me, client); !errors.Is(err, sentinel) || errs.ClassOf(err) != sentinel.Class {
				t.Errorf("%s: %v came as %v", tr.operation, sentinel, err)
			}
		}
		unauthenticated(t, s, client, tr)
	}
	for _, operation := range contractgames.Operations() {
		if !done[operation] {
			t.Errorf("%s was not called", operation)
		}
		for _, body := range []string{"", "{", "[]", `{"gameId":7,"purchaseId":7,"limit":"x"}`, `{"unknown":1}`, "\xff"} {
			*s = stub{}
			a, err := caller.Call(t.Context(), rpc.Request{Operation: operation, Headers: map[string]string{"authorization": "Bearer u"}, Body: []byte(body)})
			if err != nil || a.Status != http.StatusBadRequest || a.ContentType != "application/problem+json" || s.last != nil {
				t.Errorf("%s with the body %q: %v, %d %s; the service got %v", operation, body, err, a.Status, a.Body, s.last)
			}
		}
	}
}

// unauthenticated checks that nobody gets in without a good token.
func unauthenticated(t *testing.T, s *stub, client games.Service, tr trip) {
	t.Helper()
	if tr.public {
		return
	}
	*s = stub{answer: tr.answer}
	if _, err := tr.call(t.Context(), client); !errors.Is(err, auth.ErrTokenRequired) || errs.ClassOf(err) != errs.Unauthenticated {
		t.Errorf("%s without a token: %v", tr.operation, err)
	}
	if _, err := tr.call(auth.WithToken(t.Context(), "forged"), client); !errors.Is(err, auth.ErrTokenInvalid) {
		t.Errorf("%s with a forged token: %v", tr.operation, err)
	}
	if s.last != nil {
		t.Errorf("%s reached the service without a token", tr.operation)
	}
}

func TestAcceptedAnswersAreAsOverHTTP(t *testing.T) {
	s := &stub{answer: games.Receipt{Purchase: games.Purchase{ID: "p1", Version: 2}, Replayed: true}}
	a := s.server(t).Serve(t.Context(), rpc.Request{
		Operation: contractgames.OpPurchaseGame, Headers: map[string]string{"authorization": "Bearer u"}, Body: []byte(`{"gameId":"g1"}`),
	})
	want := map[string]string{"etag": `"2"`, "idempotency-replayed": "true", "retry-after": "1", "location": "/api/purchases/p1"}
	if diff := cmp.Diff(want, a.Headers); diff != "" || a.Status != http.StatusAccepted {
		t.Errorf("status %d, headers\n%s", a.Status, diff)
	}
}

func TestOnlyAPurchaseWithAKeyIsRepeated(t *testing.T) {
	s := &stub{answer: games.Receipt{}}
	r := rpc.Request{Operation: contractgames.OpPurchaseGame, Headers: map[string]string{"authorization": "Bearer u"}, Body: []byte(`{"gameId":"g1"}`), Redelivered: true}
	if a := s.server(t).Serve(t.Context(), r); a.Status != http.StatusGatewayTimeout || s.last != nil {
		t.Errorf("without a key: %d, the service got %v", a.Status, s.last)
	}
	r.Headers["idempotency-key"] = "k"
	if a := s.server(t).Serve(t.Context(), r); a.Status != http.StatusAccepted {
		t.Errorf("with a key: %d %s", a.Status, a.Body)
	}
	for _, tr := range trips() {
		if tr.public || tr.operation == contractgames.OpPurchaseGame {
			continue
		}
		*s = stub{answer: tr.answer}
		again := rpc.CallerFunc(func(ctx context.Context, r rpc.Request) (rpc.Answer, error) {
			r.Redelivered = true
			return s.server(t).Serve(ctx, r), nil
		})
		_, err := tr.call(auth.WithToken(t.Context(), "u"), amqpapi.NewClient(again))
		switch tr.operation {
		case contractgames.OpCreateGame, contractgames.OpUpdateGame, contractgames.OpDeleteGame:
			if !errors.Is(err, rpc.ErrOutcomeUnknown) || s.last != nil {
				t.Errorf("%s again: %v", tr.operation, err)
			}
		default:
			if err != nil {
				t.Errorf("%s again: %v", tr.operation, err)
			}
		}
	}
}

func TestAwaitingIsBounded(t *testing.T) {
	for body, want := range map[string]int{
		`{"purchaseId":"p","waitMillis":30000}`:                200,
		`{"purchaseId":"p","waitMillis":30001}`:                400,
		`{"purchaseId":"p","waitMillis":-1}`:                   400,
		`{"purchaseId":"p","waitMillis":9223372036854775807}`:  400,
		`{"purchaseId":"p","waitMillis":-9223372036854775808}`: 400,
		`{"purchaseId":"p","waitMillis":1,"status":"x"}`:       400,
	} {
		s := &stub{answer: games.Purchase{}}
		a := s.server(t).Serve(t.Context(), rpc.Request{
			Operation: contractgames.OpAwaitPurchase, Headers: map[string]string{"authorization": "Bearer u"}, Body: []byte(body),
		})
		if a.Status != want {
			t.Errorf("%s: %d %s", body, a.Status, a.Body)
		}
	}
}

// ask sends an operation with headers straight to the server.
func (s *stub) ask(t *testing.T, operation, body string, headers ...string) rpc.Answer {
	t.Helper()
	r := rpc.Request{Operation: operation, Headers: map[string]string{"authorization": "Bearer u"}, Body: []byte(body)}
	for i := 0; i < len(headers); i += 2 {
		r.Headers[headers[i]] = headers[i+1]
	}
	return s.server(t).Serve(t.Context(), r)
}

func TestIfMatchIsAsOverHTTP(t *testing.T) {
	for tag, want := range map[string]int{`"12"`: 204, "*": 204, `"abc"`: 412, `W/"12"`: 412, `12`: 400, ``: 400, `"1", "2"`: 400} {
		if a := (&stub{}).ask(t, contractgames.OpDeleteGame, `{"gameId":"g1"}`, "if-match", tag); a.Status != want || (want == 204 && len(a.Body) > 0) {
			t.Errorf("%s: %d %s, want %d", tag, a.Status, a.Body, want)
		}
	}
}

func TestWhoHasTheStateGetsNoBody(t *testing.T) {
	s := &stub{answer: games.Purchase{ID: "p1", Version: 7}}
	for _, operation := range []string{contractgames.OpGetPurchase, contractgames.OpAwaitPurchase} {
		for tags, want := range map[string]int{`"7"`: 304, `"6", W/"7"`: 304, "*": 304, `"6"`: 200, "": 200} {
			a := s.ask(t, operation, `{"purchaseId":"p1"}`, "if-none-match", tags)
			if a.Status != want || (len(a.Body) == 0) != (want == 304) || a.Headers["etag"] != `"7"` || a.Headers["cache-control"] != "private, no-cache" {
				t.Errorf("%s with %s: %d %v %s", operation, tags, a.Status, a.Headers, a.Body)
			}
		}
	}
}

func TestSettledIsWhatTheDomainSays(t *testing.T) {
	for _, status := range games.Statuses() {
		if got := contractgames.Settled(string(status)); got != status.Settled() {
			t.Errorf("%s: the contract says %v", status, got)
		}
	}
}

func TestTheQueueIsTheContracts(t *testing.T) {
	if got := rabbit.RPCQueue("games"); got != contractgames.RPC {
		t.Errorf("the bus calls it %s, the contract %s", got, contractgames.RPC)
	}
}
