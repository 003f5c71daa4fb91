package endpoints_test

import (
	"context"
	"errors"
	"testing"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/pkg/auth"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
)

// front is contacts and a welcome that remember what they were asked.
type front struct {
	got any
	err error
}

func (f *front) Contact(_ context.Context, q users.GetContact) (users.Contact, error) {
	f.got = q
	return users.Contact{UserID: q.UserID, Email: "e"}, f.err
}

func (f *front) Welcome(_ context.Context, c users.Welcome) error { f.got = c; return f.err }

// callers takes the names of roles as tokens.
type callers struct{}

func (callers) Verify(_ context.Context, raw string) (auth.Principal, error) {
	if raw == "" {
		return auth.Principal{}, auth.ErrTokenRequired
	}
	return auth.Principal{UserID: "somebody", Roles: []string{raw}}, nil
}

func TestOnlyServicesAskHowToReachPeople(t *testing.T) {
	for role, want := range map[string]error{
		"": auth.ErrTokenRequired, auth.RoleUser: auth.ErrForbidden, auth.RoleAdmin: auth.ErrForbidden, auth.RoleService: nil,
	} {
		f := &front{}
		got, err := endpoints.NewContacts(f, bare, callers{}).Contact(auth.WithToken(t.Context(), role), users.GetContact{UserID: "u"})
		if !errors.Is(err, want) || (f.got != nil) != (want == nil) || want == nil && got != (users.Contact{UserID: "u", Email: "e"}) {
			t.Errorf("%q: got %+v and %v; the service got %v", role, got, err, f.got)
		}
	}
}

func TestTheWelcomeIsWrappedAndPassesErrorsOn(t *testing.T) {
	f := &front{err: users.ErrDeferred}
	var names []string
	wrap := func(name string) endpoint.Middleware {
		names = append(names, name)
		return bare(name)
	}
	endpoints.NewContacts(f, wrap, callers{})
	c := users.Welcome{EventID: "e", UserID: "u"}
	if err := endpoints.NewWelcome(f, wrap).Welcome(t.Context(), c); !errors.Is(err, users.ErrDeferred) || f.got != c {
		t.Errorf("got %v; the service got %v", err, f.got)
	}
	if len(names) != 2 || names[0] != "users.Contact" || names[1] != "users.Welcome" {
		t.Errorf("wrapped %v", names)
	}
}
