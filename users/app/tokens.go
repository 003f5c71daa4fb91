package app

import (
	"context"
	"fmt"

	"gamestore.example/pkg/auth"
	"gamestore.example/users"
)

// tokenIssuer implements users.TokenIssuer on the platform's Issuer.
type tokenIssuer struct {
	issuer   *auth.Issuer
	verifier *auth.Verifier
}

var _ users.TokenIssuer = (*tokenIssuer)(nil)

func newTokenIssuer(ring *auth.Keyring, cfg Config, deps Deps) (*tokenIssuer, error) {
	issuer, err := auth.NewIssuer(ring, auth.IssuerConfig{Issuer: cfg.TokenIssuer, Audience: cfg.TokenAudience, TTL: cfg.TokenTTL}, deps.Now, deps.NewID)
	if err != nil {
		return nil, err
	}
	verifier, err := auth.NewVerifier(ring, auth.VerifierConfig{Issuer: cfg.TokenIssuer, Audience: cfg.TokenAudience}, deps.Now)
	if err != nil {
		return nil, err
	}
	return &tokenIssuer{issuer: issuer, verifier: verifier}, nil
}

// Issue implements users.TokenIssuer. It reads the token back as everybody will:
// that gives its id, fills the verifier's cache with a token that is about to be
// used, and hands out nothing that would not be taken.
func (t *tokenIssuer) Issue(ctx context.Context, userID string, roles []string) (users.AccessToken, error) {
	raw, expiresAt, err := t.issuer.Issue(ctx, userID, roles)
	if err != nil {
		return users.AccessToken{}, err
	}
	p, err := t.verifier.Verify(ctx, raw)
	if err != nil {
		return users.AccessToken{}, fmt.Errorf("users: a token issued just now: %v", err) //nolint:errorlint // our fault, not the client's
	}
	return users.AccessToken{Value: raw, ID: p.TokenID, ExpiresAt: expiresAt}, nil
}
