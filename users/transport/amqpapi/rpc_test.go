package amqpapi_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/rpc"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/amqpapi"
)

// asked is a service that notes the last request, and answers what it is told to.
type asked struct {
	users.Service // panics where a test did not expect a call

	last   any
	user   users.User
	tokens users.Tokens
	page   users.HistoryPage
	err    error
}

func (s *asked) SignUp(_ context.Context, c users.SignUp) (users.User, error) {
	s.last = c
	return s.user, s.err
}

func (s *asked) Login(_ context.Context, c users.Login) (users.Tokens, error) {
	s.last = c
	return s.tokens, s.err
}

func (s *asked) Refresh(_ context.Context, c users.Refresh) (users.Tokens, error) {
	s.last = c
	return s.tokens, s.err
}

func (s *asked) Logout(_ context.Context, c users.Logout) error {
	s.last = c
	return s.err
}

func (s *asked) Profile(_ context.Context, q users.GetProfile) (users.User, error) {
	s.last = q
	return s.user, s.err
}

func (s *asked) UpdateProfile(_ context.Context, c users.UpdateProfile) (users.User, error) {
	s.last = c
	return s.user, s.err
}

func (s *asked) ChangePassword(_ context.Context, c users.ChangePassword) error {
	s.last = c
	return s.err
}

func (s *asked) DeleteAccount(_ context.Context, c users.DeleteAccount) error {
	s.last = c
	return s.err
}

func (s *asked) History(_ context.Context, q users.GetHistory) (users.HistoryPage, error) {
	s.last = q
	return s.page, s.err
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
	return auth.Principal{UserID: raw, Roles: []string{auth.RoleUser}}, nil
}

// remote calls a handler over a real broker.
func remote(t *testing.T, h rpc.Handler) rpc.Caller {
	t.Helper()
	return rabbittest.Serve(t, "users", h)
}

func TestRoundTripInProcess(t *testing.T) {
	roundTrips(t, func(h rpc.Handler) rpc.Caller {
		return rpc.CallerFunc(func(_ context.Context, r rpc.Request) (rpc.Answer, error) {
			return h.Serve(context.Background(), r), nil
		})
	})
}

func TestRoundTripOverRabbitMQ(t *testing.T) {
	roundTrips(t, func(h rpc.Handler) rpc.Caller { return remote(t, h) })
}

func roundTrips(t *testing.T, connect func(rpc.Handler) rpc.Caller) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	user := users.User{ID: "u", Email: "a@b.example", Name: "A", Roles: []string{"user"}, CreatedAt: at}
	page := users.HistoryPage{NextCursor: "n", Entries: []users.Entry{
		{Kind: users.PurchaseCompleted, At: at, PurchaseID: "p", GameID: "g", Price: money.Money{Amount: 1999, Currency: "BRL"}, Reason: "x"},
	}}
	s := &asked{}
	caller := connect(serverOf(t, s))
	client, me := amqpapi.NewClient(caller), auth.WithToken(t.Context(), "u")
	tokens := users.Tokens{Access: users.AccessToken{Value: "a"}, ExpiresIn: time.Minute, Refresh: "r"}
	public := []string{contractusers.OpSignUp, contractusers.OpLogin, contractusers.OpRefresh, contractusers.OpLogout}
	for operation, tr := range map[string]struct {
		call            func(context.Context) (any, error)
		request, answer any
	}{
		contractusers.OpSignUp: {func(ctx context.Context) (any, error) {
			return client.SignUp(ctx, users.SignUp{Email: "a@b.example", Password: "p", Name: "A"})
		}, users.SignUp{Email: "a@b.example", Password: "p", Name: "A"}, user},
		contractusers.OpLogin: {func(ctx context.Context) (any, error) {
			return client.Login(ctx, users.Login{Email: "a@b.example", Password: "p"})
		}, users.Login{Email: "a@b.example", Password: "p"}, tokens},
		contractusers.OpRefresh: {func(ctx context.Context) (any, error) { return client.Refresh(ctx, users.Refresh{Token: "r"}) }, users.Refresh{Token: "r"}, tokens},
		contractusers.OpLogout:  {func(ctx context.Context) (any, error) { return nil, client.Logout(ctx, users.Logout{Token: "r"}) }, users.Logout{Token: "r"}, nil},
		contractusers.OpUpdateProfile: {func(ctx context.Context) (any, error) {
			return client.UpdateProfile(ctx, users.UpdateProfile{UserID: "other", Name: "B"})
		}, users.UpdateProfile{UserID: "u", Name: "B"}, user},
		contractusers.OpChangePassword: {func(ctx context.Context) (any, error) {
			return nil, client.ChangePassword(ctx, users.ChangePassword{UserID: "other", Current: "p", Changed: "q"})
		}, users.ChangePassword{UserID: "u", Current: "p", Changed: "q"}, nil},
		contractusers.OpDeleteAccount: {func(ctx context.Context) (any, error) {
			return nil, client.DeleteAccount(ctx, users.DeleteAccount{UserID: "other"})
		}, users.DeleteAccount{UserID: "u"}, nil},
		contractusers.OpProfile: {func(ctx context.Context) (any, error) { return client.Profile(ctx, users.GetProfile{UserID: "other"}) }, users.GetProfile{UserID: "u"}, user},
		contractusers.OpHistory: {func(ctx context.Context) (any, error) {
			return client.History(ctx, users.GetHistory{UserID: "other", Limit: 3, Cursor: "c"})
		}, users.GetHistory{UserID: "u", Limit: 3, Cursor: "c"}, page},
	} {
		*s = asked{user: user, page: page, tokens: tokens}
		got, err := tr.call(me)
		if diff := cmp.Diff(tr.request, s.last); diff != "" || err != nil {
			t.Errorf("%s: %v, the service got (-want +got):\n%s", operation, err, diff)
		}
		if diff := cmp.Diff(tr.answer, got); diff != "" {
			t.Errorf("%s: the client got (-want +got):\n%s", operation, diff)
		}
		*s = asked{err: users.ErrNoAccount.WithCause(errors.New("secret"))}
		if _, err := tr.call(me); !errors.Is(err, users.ErrNoAccount) || errs.ClassOf(err) != users.ErrNoAccount.Class {
			t.Errorf("%s: %v", operation, err)
		}
		if slices.Contains(public, operation) {
			continue
		}
		*s = asked{}
		if _, err := tr.call(t.Context()); !errors.Is(err, auth.ErrTokenRequired) || s.last != nil {
			t.Errorf("%s without a token: %v", operation, err)
		}
		if _, err := tr.call(auth.WithToken(t.Context(), "forged")); !errors.Is(err, auth.ErrTokenInvalid) || s.last != nil {
			t.Errorf("%s with a forged token: %v", operation, err)
		}
	}
	poison(t, s, caller)
}

func poison(t *testing.T, s *asked, caller rpc.Caller) {
	t.Helper()
	for _, operation := range contractusers.Operations() {
		if operation == contractusers.OpKeys {
			continue // it reads no body
		}
		for _, body := range []string{"", "{", "[]", `{"unknown":1}`, `{"limit":101}`, `{"limit":-1}`, "\xff"} {
			*s = asked{}
			a, err := caller.Call(t.Context(), rpc.Request{Operation: operation, Headers: map[string]string{"authorization": "Bearer u"}, Body: []byte(body)})
			if err != nil || a.Status != http.StatusBadRequest || a.ContentType != "application/problem+json" || s.last != nil {
				t.Errorf("%s with the body %q: %v, %d %s; the service got %v", operation, body, err, a.Status, a.Body, s.last)
			}
		}
	}
}

// serverOf serves s to requests, and one key set.
func serverOf(t *testing.T, s users.Service) rpc.Handler {
	t.Helper()
	keys := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"k"`)
		w.Header().Set("Cache-Control", "public")
		if r.Header.Get("If-None-Match") == `"k"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = w.Write([]byte(`{"keys":[]}`))
	})
	server, err := amqpapi.NewServer(endpoints.New(s, middleware.Chain(), anybody{}), endpoints.NewContacts(&reach{}, middleware.Chain(), anybody{}), keys)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func TestKeysAreAsOverHTTP(t *testing.T) {
	server := serverOf(t, &asked{})
	a := server.Serve(t.Context(), rpc.Request{Operation: contractusers.OpKeys})
	want := rpc.Answer{
		Status: 200, ContentType: "application/jwk-set+json", Body: []byte(`{"keys":[]}`),
		Headers: map[string]string{"etag": `"k"`, "cache-control": "public"},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	a = server.Serve(t.Context(), rpc.Request{Operation: contractusers.OpKeys, Headers: map[string]string{"if-none-match": `"k"`}})
	if a.Status != http.StatusNotModified || len(a.Body) > 0 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestAnswersCarryTheHeadersOfHTTP(t *testing.T) {
	server := serverOf(t, &asked{})
	a := server.Serve(t.Context(), rpc.Request{Operation: contractusers.OpSignUp, Body: []byte(`{"email":"e","password":"p","name":"n"}`)})
	if a.Status != http.StatusCreated || a.Headers["location"] != "/api/users/me" {
		t.Errorf("signed up with %d %v", a.Status, a.Headers)
	}
	a = server.Serve(t.Context(), rpc.Request{Operation: contractusers.OpLogin, Body: []byte(`{"email":"e","password":"p"}`)})
	if a.Status != http.StatusOK || a.Headers["cache-control"] != "no-store" {
		t.Errorf("logged in with %d %v", a.Status, a.Headers)
	}
}

// A second answer would say that the address is taken, or the token stolen.
func TestWhatWouldAnswerWronglyIsNotRepeated(t *testing.T) {
	s := &asked{}
	server := serverOf(t, s)
	for operation, body := range map[string]string{
		contractusers.OpSignUp: `{"email":"e","password":"p","name":"n"}`, contractusers.OpRefresh: `{"refreshToken":"r"}`,
		contractusers.OpChangePassword: `{"currentPassword":"p","newPassword":"q"}`, contractusers.OpDeleteAccount: `{}`,
	} {
		r := rpc.Request{Operation: operation, Headers: map[string]string{"authorization": "Bearer u"}, Body: []byte(body), Redelivered: true}
		if a := server.Serve(t.Context(), r); !errors.Is(a.Err(), rpc.ErrOutcomeUnknown) || s.last != nil {
			t.Errorf("%s again: %d %s; the service got %v", operation, a.Status, a.Body, s.last)
		}
	}
}

func TestWhatComesByEventsIsNotAskedFor(t *testing.T) {
	client := amqpapi.NewClient(rpc.CallerFunc(func(context.Context, rpc.Request) (rpc.Answer, error) {
		t.Error("something was sent")
		return rpc.Answer{}, nil
	}))
	if err := client.RecordPurchase(t.Context(), users.RecordPurchase{}); !errors.Is(err, amqpapi.ErrNotOverAMQP) {
		t.Errorf("got %v", err)
	}
	if got := rabbit.RPCQueue("users"); got != contractusers.RPC {
		t.Errorf("the bus calls it %s, the contract %s", got, contractusers.RPC)
	}
}
