package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-kit/kit/endpoint"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/money"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is both ends of the transport: calls of the client arrive at set's endpoints.
type peer struct {
	client endpoints.Set
	url    string
	// What the server's endpoint got, and what it answers.
	request  any
	token    string
	response any
	err      error
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{}
	answer := func(ctx context.Context, request any) (any, error) {
		p.request, p.token = request, auth.TokenFrom(ctx)
		return p.response, p.err
	}
	jwks := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) })
	server := httptest.NewServer(httpapi.NewHandler(endpoints.Set{
		SignUpEndpoint: answer, LoginEndpoint: answer, RefreshEndpoint: answer, LogoutEndpoint: answer, ProfileEndpoint: answer,
		UpdateProfileEndpoint: answer, ChangePasswordEndpoint: answer, DeleteAccountEndpoint: answer, HistoryEndpoint: answer,
	}, jwks))
	t.Cleanup(server.Close)
	p.url = server.URL
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	httpClient := httpserver.NewClient()
	t.Cleanup(httpClient.CloseIdleConnections)
	if p.client, err = httpapi.NewClient(base, httpClient); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEachCallArrivesAsItWasMadeAndSoDoesItsAnswer(t *testing.T) {
	at := time.Date(2026, 3, 14, 15, 9, 26, 535897000, time.UTC)
	user := users.User{ID: "u", Email: "ana@example.com", Name: "Ana 🎮 <b>", Roles: []string{"user", "admin"}, CreatedAt: at}
	tokens := users.Tokens{Access: users.AccessToken{Value: "jwt"}, ExpiresIn: 899 * time.Second, Refresh: "opaque"}
	page := users.HistoryPage{NextCursor: "next", Entries: []users.Entry{
		{Kind: users.SignedUp, At: at},
		{Kind: users.PurchaseCompleted, At: at, PurchaseID: "p", GameID: "g", Price: money.Money{Amount: 0, Currency: "BRL"}},
		{Kind: users.PurchaseFailed, At: at, PurchaseID: "p", GameID: "g", Price: money.Money{Amount: 1999, Currency: "BRL"}, Reason: "card_declined"},
	}}
	p := newPeer(t)
	for name, tc := range map[string]struct {
		endpoint          endpoint.Endpoint
		request, response any
	}{
		"SignUp":           {p.client.SignUpEndpoint, users.SignUp{Email: "e", Password: "p ä\"", Name: "n"}, user},
		"Login":            {p.client.LoginEndpoint, users.Login{Email: "e", Password: "p"}, tokens},
		"Refresh":          {p.client.RefreshEndpoint, users.Refresh{Token: "t"}, tokens},
		"Logout":           {p.client.LogoutEndpoint, users.Logout{Token: "t"}, nil},
		"Profile":          {p.client.ProfileEndpoint, users.GetProfile{}, user},
		"UpdateProfile":    {p.client.UpdateProfileEndpoint, users.UpdateProfile{Name: "n"}, user},
		"ChangePassword":   {p.client.ChangePasswordEndpoint, users.ChangePassword{Current: "c", Changed: "n"}, nil},
		"DeleteAccount":    {p.client.DeleteAccountEndpoint, users.DeleteAccount{}, nil},
		"History":          {p.client.HistoryEndpoint, users.GetHistory{Limit: 7, Cursor: "c&d=e"}, page},
		"History, default": {p.client.HistoryEndpoint, users.GetHistory{}, users.HistoryPage{}},
	} {
		p.request, p.response = nil, tc.response
		got, err := tc.endpoint(auth.WithToken(t.Context(), "raw-token"), tc.request)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(tc.request, p.request); diff != "" {
			t.Errorf("%s: request (-sent +arrived):\n%s", name, diff)
		}
		if diff := cmp.Diff(tc.response, got); diff != "" {
			t.Errorf("%s: response (-sent +arrived):\n%s", name, diff)
		}
		if p.token != "raw-token" {
			t.Errorf("%s: the token arrived as %q", name, p.token)
		}
	}
}

func TestAnErrorArrivesWithItsCodeClassAndFields(t *testing.T) {
	p := newPeer(t)
	for _, sent := range []*errs.Error{
		users.ErrEmailTaken, users.ErrInvalidCredentials, users.ErrWrongPassword, users.ErrInvalidRefreshToken,
		users.ErrRefreshTokenReused, users.ErrNoAccount, users.ErrInvalidCursor,
		users.ErrTooManyAttempts.WithRetryAfter(30 * time.Second), users.ErrBusy.WithRetryAfter(time.Second),
		errs.From(errs.InvalidFields(errs.Field{Name: "email", Message: "is required"})),
	} {
		p.err = sent
		_, err := p.client.SignUp(t.Context(), users.SignUp{})
		var got *errs.Error
		if !errors.Is(err, sent) || !errors.As(err, &got) || got.Class != sent.Class || got.RetryAfter != sent.RetryAfter {
			t.Errorf("%v arrived as %#v", sent, err)
			continue
		}
		if diff := cmp.Diff(sent.Fields, got.Fields); diff != "" {
			t.Errorf("%v: fields (-sent +arrived):\n%s", sent, diff)
		}
	}
	p.err = errors.New("canary: the connection string is secret")
	_, err := p.client.Profile(t.Context(), users.GetProfile{})
	var got *errs.Error
	if !errors.As(err, &got) || got.Class != errs.Internal || got.Message != "internal error" {
		t.Errorf("an unknown failure arrived as %v", err)
	}
}

func TestAServiceThatIsGoneIsUnavailable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	client, err := httpapi.NewClient(base, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Profile(t.Context(), users.GetProfile{}); errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("got %v, want an error of class Unavailable", err)
	}
	if err := client.RecordPurchase(t.Context(), users.RecordPurchase{}); !errors.Is(err, httpapi.ErrNotOverHTTP) {
		t.Errorf("RecordPurchase: got %v", err)
	}
}

func TestNewClientRefusesWhatIsNoBaseURL(t *testing.T) {
	for _, base := range []*url.URL{nil, {}, {Path: "/api"}, {Scheme: "ftp", Host: "example.com"}} {
		if _, err := httpapi.NewClient(base, nil); err == nil {
			t.Errorf("%v is taken", base)
		}
	}
}

func TestWhatNoRouteTakesIsAProblem(t *testing.T) {
	p := newPeer(t)
	for request, want := range map[[2]string]int{
		{"GET", "/api/users/me/"}:          http.StatusNotFound,
		{"GET", "/api/users/someone-else"}: http.StatusNotFound,
		{"GET", "//api/users/me"}:          http.StatusNotFound,
		{"PUT", "/api/users"}:              http.StatusMethodNotAllowed,
		{"GET", "/api/auth/login"}:         http.StatusMethodNotAllowed,
	} {
		req, err := http.NewRequestWithContext(t.Context(), request[0], p.url+request[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%v: %s as %s, want %d as a problem", request, resp.Status, resp.Header.Get("Content-Type"), want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
