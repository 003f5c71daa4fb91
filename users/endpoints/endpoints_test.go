package endpoints_test

import (
	"context"
	"errors"
	"testing"

	"github.com/go-kit/kit/endpoint"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gamestore.example/pkg/auth"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a service that only remembers what it was asked.
type recorder struct{ got any }

func (r *recorder) SignUp(_ context.Context, c users.SignUp) (users.User, error) {
	r.got = c
	return users.User{ID: "u"}, nil
}

func (r *recorder) Login(_ context.Context, c users.Login) (users.Tokens, error) {
	r.got = c
	return users.Tokens{Refresh: "r"}, nil
}

func (r *recorder) Refresh(_ context.Context, c users.Refresh) (users.Tokens, error) {
	r.got = c
	return users.Tokens{Refresh: "r"}, nil
}

func (r *recorder) Profile(_ context.Context, c users.GetProfile) (users.User, error) {
	r.got = c
	return users.User{ID: "u"}, nil
}

func (r *recorder) UpdateProfile(_ context.Context, c users.UpdateProfile) (users.User, error) {
	r.got = c
	return users.User{ID: "u"}, nil
}

func (r *recorder) History(_ context.Context, c users.GetHistory) (users.HistoryPage, error) {
	r.got = c
	return users.HistoryPage{NextCursor: "n"}, nil
}

func (r *recorder) Logout(_ context.Context, c users.Logout) error { r.got = c; return nil }
func (r *recorder) ChangePassword(_ context.Context, c users.ChangePassword) error {
	r.got = c
	return nil
}
func (r *recorder) DeleteAccount(_ context.Context, c users.DeleteAccount) error {
	r.got = c
	return nil
}
func (r *recorder) RecordPurchase(_ context.Context, c users.RecordPurchase) error {
	r.got = c
	return nil
}

// verifier takes one token.
type verifier struct{}

func (verifier) Verify(_ context.Context, raw string) (auth.Principal, error) {
	switch raw {
	case "":
		return auth.Principal{}, auth.ErrTokenRequired
	case "ana's":
		return auth.Principal{UserID: "ana", TokenID: "jti", Roles: []string{"user"}}, nil
	}
	return auth.Principal{}, auth.ErrTokenInvalid
}

func bare(string) endpoint.Middleware {
	return func(next endpoint.Endpoint) endpoint.Endpoint { return next }
}

// calls are all operations, with an identity that the caller made up.
func calls(s users.Service) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"SignUp":  func(ctx context.Context) error { _, err := s.SignUp(ctx, users.SignUp{Email: "e"}); return err },
		"Login":   func(ctx context.Context) error { _, err := s.Login(ctx, users.Login{Email: "e"}); return err },
		"Refresh": func(ctx context.Context) error { _, err := s.Refresh(ctx, users.Refresh{Token: "t"}); return err },
		"Logout":  func(ctx context.Context) error { return s.Logout(ctx, users.Logout{Token: "t"}) },
		"Profile": func(ctx context.Context) error {
			_, err := s.Profile(ctx, users.GetProfile{UserID: "bea"})
			return err
		},
		"UpdateProfile": func(ctx context.Context) error {
			_, err := s.UpdateProfile(ctx, users.UpdateProfile{UserID: "bea", Name: "n"})
			return err
		},
		"ChangePassword": func(ctx context.Context) error {
			return s.ChangePassword(ctx, users.ChangePassword{UserID: "bea", AccessID: "hers", Current: "c", Changed: "n"})
		},
		"DeleteAccount": func(ctx context.Context) error {
			return s.DeleteAccount(ctx, users.DeleteAccount{UserID: "bea"})
		},
		"History": func(ctx context.Context) error {
			_, err := s.History(ctx, users.GetHistory{UserID: "bea", Limit: 3})
			return err
		},
		"RecordPurchase": func(ctx context.Context) error {
			return s.RecordPurchase(ctx, users.RecordPurchase{UserID: "bea", MessageID: "m"})
		},
	}
}

func TestWhoCallsComesFromTheTokenAlone(t *testing.T) {
	svc := &recorder{}
	ctx := auth.WithToken(t.Context(), "ana's")
	for name, call := range calls(endpoints.New(svc, bare, verifier{})) {
		svc.got = nil
		if err := call(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := map[string]any{
			"SignUp": users.SignUp{Email: "e"}, "Login": users.Login{Email: "e"},
			"Refresh": users.Refresh{Token: "t"}, "Logout": users.Logout{Token: "t"},
			"Profile":        users.GetProfile{UserID: "ana"},
			"UpdateProfile":  users.UpdateProfile{UserID: "ana", Name: "n"},
			"ChangePassword": users.ChangePassword{UserID: "ana", AccessID: "jti", Current: "c", Changed: "n"},
			"DeleteAccount":  users.DeleteAccount{UserID: "ana"},
			"History":        users.GetHistory{UserID: "ana", Limit: 3},
			"RecordPurchase": users.RecordPurchase{UserID: "bea", MessageID: "m"}, // an event, not a caller
		}[name]
		if diff := cmp.Diff(want, svc.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOwnersOperationsNeedAGoodToken(t *testing.T) {
	public := map[string]bool{"SignUp": true, "Login": true, "Refresh": true, "Logout": true, "RecordPurchase": true}
	svc := &recorder{}
	set := endpoints.New(svc, bare, verifier{})
	for token, refusal := range map[string]error{"": auth.ErrTokenRequired, "forged": auth.ErrTokenInvalid} {
		// A principal that somebody put into the context is not believed.
		ctx := auth.WithPrincipal(auth.WithToken(t.Context(), token), auth.Principal{UserID: "bea"})
		for name, call := range calls(set) {
			svc.got = nil
			err := call(ctx)
			switch {
			case public[name] && (err != nil || svc.got == nil):
				t.Errorf("%s with the token %q: %v", name, token, err)
			case !public[name] && (!errors.Is(err, refusal) || svc.got != nil):
				t.Errorf("%s with the token %q: got %v and the service %v, want %v", name, token, err, svc.got, refusal)
			}
		}
	}
}

func TestEachEndpointIsWrappedUnderItsName(t *testing.T) {
	names := map[string]bool{}
	endpoints.New(&recorder{}, func(name string) endpoint.Middleware {
		names[name] = true
		return bare(name)
	}, verifier{})
	for name := range calls(endpoints.Set{}) {
		if !names["users."+name] {
			t.Errorf("%s is not wrapped", name)
		}
	}
	if len(names) != 10 {
		t.Errorf("wrapped %v", names)
	}
}
