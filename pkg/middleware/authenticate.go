package middleware

import (
	"context"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/pkg/auth"
)

// TokenVerifier says who a token speaks for; *auth.Verifier is one.
type TokenVerifier interface {
	Verify(ctx context.Context, raw string) (auth.Principal, error)
}

// Access is who may call an endpoint. The zero value lets nobody in.
type Access uint8

const (
	// Public endpoints need no token. A good one still says who calls; a bad one is
	// ignored.
	Public Access = iota + 1
	// User endpoints need a good token.
	User
	// Admin endpoints need a good token with the admin role.
	Admin
	// Service endpoints need the token of another service. No user's is enough, and
	// a service's is enough for nothing else.
	Service
)

// admits reports whether a principal may call.
func (a Access) admits(p auth.Principal) bool {
	switch a {
	case Public:
		return true
	case User:
		return !p.IsService()
	case Admin:
		return p.IsAdmin() && !p.IsService()
	case Service:
		return p.IsService()
	}
	return false
}

// Authenticate verifies the token in the context (auth.WithToken) and puts the
// principal beside it. A Principal that is there already is never trusted: it is
// what this token says, or none.
func Authenticate(v TokenVerifier, access Access) endpoint.Middleware {
	return func(next endpoint.Endpoint) endpoint.Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			p, err := v.Verify(ctx, auth.TokenFrom(ctx))
			switch {
			case err == nil && access.admits(p):
				return next(auth.WithPrincipal(ctx, p), request)
			case err == nil:
				return nil, auth.ErrForbidden
			case access == Public:
				return next(auth.WithoutPrincipal(ctx), request)
			}
			return nil, err
		}
	}
}
