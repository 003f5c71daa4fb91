package auth

import (
	"context"
	"slices"
	"time"
)

// The roles of a user.
const (
	RoleUser  = "user"
	RoleAdmin = "admin"
)

// RoleService is the role of another service that calls for itself. No user has it.
const RoleService = "service"

// Principal is who a verified token speaks for.
type Principal struct {
	// UserID is the token's subject; empty for a service.
	UserID string
	// Roles are what the user may do. Callers must not change the slice.
	Roles []string
	// TokenID is the token's jti.
	TokenID string
	// ExpiresAt is when the token ends.
	ExpiresAt time.Time
}

// IsAdmin reports whether the principal has the admin role.
func (p Principal) IsAdmin() bool { return slices.Contains(p.Roles, RoleAdmin) }

// IsService reports whether the principal is another service.
func (p Principal) IsService() bool { return slices.Contains(p.Roles, RoleService) }

type (
	tokenKey     struct{}
	principalKey struct{}
)

// WithToken returns a context that carries the raw, not yet verified token.
func WithToken(ctx context.Context, raw string) context.Context {
	return context.WithValue(ctx, tokenKey{}, raw)
}

// TokenFrom returns the raw token in the context, or "".
func TokenFrom(ctx context.Context) string {
	raw, _ := ctx.Value(tokenKey{}).(string)
	return raw
}

// WithPrincipal returns a context that carries who calls.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom returns who calls; false means nobody is authenticated.
func PrincipalFrom(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}

// WithoutPrincipal returns a context in which nobody is authenticated.
func WithoutPrincipal(ctx context.Context) context.Context {
	if _, ok := PrincipalFrom(ctx); !ok {
		return ctx
	}
	return context.WithValue(ctx, principalKey{}, nil)
}
