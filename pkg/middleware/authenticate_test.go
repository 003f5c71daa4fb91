package middleware_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/middleware"
)

// tokens is a verifier that knows these.
type tokens map[string]auth.Principal

func (ts tokens) Verify(_ context.Context, raw string) (auth.Principal, error) {
	switch p, ok := ts[raw]; {
	case raw == "":
		return auth.Principal{}, auth.ErrTokenRequired
	case raw == "down":
		return auth.Principal{}, errs.New(errs.Unavailable, "", "no keys")
	case !ok:
		return auth.Principal{}, auth.ErrTokenInvalid
	default:
		return p, nil
	}
}

func TestAuthenticate(t *testing.T) {
	user := auth.Principal{UserID: "u", Roles: []string{auth.RoleUser}}
	admin := auth.Principal{UserID: "a", Roles: []string{auth.RoleUser, auth.RoleAdmin}}
	service := auth.Principal{Roles: []string{auth.RoleService}}
	both := auth.Principal{UserID: "b", Roles: []string{auth.RoleService, auth.RoleAdmin}}
	verifier := tokens{"user": user, "admin": admin, "service": service, "both": both}
	down := errs.New(errs.Unavailable, "", "")
	var nobody auth.Principal
	for _, tc := range []struct {
		name   string
		access middleware.Access
		token  string
		want   auth.Principal // who the endpoint sees
		err    error
	}{
		{"public, none", middleware.Public, "", nobody, nil},
		{"public, bad", middleware.Public, "forged", nobody, nil},
		{"public, keys down", middleware.Public, "down", nobody, nil},
		{"public, good", middleware.Public, "user", user, nil},
		{"user, none", middleware.User, "", nobody, auth.ErrTokenRequired},
		{"user, bad", middleware.User, "forged", nobody, auth.ErrTokenInvalid},
		{"user, keys down", middleware.User, "down", nobody, down},
		{"user, good", middleware.User, "user", user, nil},
		{"user, an admin's", middleware.User, "admin", admin, nil},
		{"admin, none", middleware.Admin, "", nobody, auth.ErrTokenRequired},
		{"admin, bad", middleware.Admin, "forged", nobody, auth.ErrTokenInvalid},
		{"admin, a user's", middleware.Admin, "user", nobody, auth.ErrForbidden},
		{"admin, good", middleware.Admin, "admin", admin, nil},
		{"user, a service's", middleware.User, "service", nobody, auth.ErrForbidden},
		{"admin, a service's", middleware.Admin, "service", nobody, auth.ErrForbidden},
		{"admin, one that is a service, too", middleware.Admin, "both", nobody, auth.ErrForbidden},
		{"service, none", middleware.Service, "", nobody, auth.ErrTokenRequired},
		{"service, bad", middleware.Service, "forged", nobody, auth.ErrTokenInvalid},
		{"service, a user's", middleware.Service, "user", nobody, auth.ErrForbidden},
		{"service, an admin's", middleware.Service, "admin", nobody, auth.ErrForbidden},
		{"service, good", middleware.Service, "service", service, nil},
		{"zero access, good", 0, "admin", nobody, auth.ErrForbidden},
		{"zero access, none", 0, "", nobody, auth.ErrTokenRequired},
	} {
		t.Run(tc.name, func(t *testing.T) {
			called := false
			ep := middleware.Authenticate(verifier, tc.access)(func(ctx context.Context, _ any) (any, error) {
				called = true
				got, ok := auth.PrincipalFrom(ctx)
				if diff := cmp.Diff(tc.want, got); diff != "" || ok != (tc.want.Roles != nil) {
					t.Errorf("principal (%v):\n%s", ok, diff)
				}
				return nil, nil
			})
			// Somebody put an admin into the context: it must not survive.
			ctx := auth.WithPrincipal(auth.WithToken(t.Context(), tc.token), auth.Principal{UserID: "forged", Roles: []string{auth.RoleAdmin}})
			_, err := ep(ctx, nil)
			if !errors.Is(err, tc.err) || called != (tc.err == nil) {
				t.Errorf("got %v (called: %v), want %v", err, called, tc.err)
			}
		})
	}
}
