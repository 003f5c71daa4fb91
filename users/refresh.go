package users

import (
	"context"
	"errors"
	"time"

	"gamestore.example/pkg/errs"
)

// Refresh implements Service. If the process dies between the commit and the
// answer, the client has a rotated token: it must log in again. That is the price of
// noticing a stolen one.
func (a *Accounts) Refresh(ctx context.Context, c Refresh) (Tokens, error) {
	if err := requireToken(c.Token); err != nil {
		return Tokens{}, err
	}
	if len(c.Token) > MaxRefreshTokenLength {
		return Tokens{}, ErrInvalidRefreshToken
	}
	hash := HashToken(c.Token)
	// Read first: signing has no place in the transaction.
	g, err := a.repo.Grant(ctx, hash)
	if err != nil {
		return Tokens{}, err
	}
	now := a.now()
	tokens, next, err := a.newTokens(ctx, g.User, now)
	if err != nil {
		return Tokens{}, err
	}
	var refused error
	err = a.repo.UpdateGrant(ctx, hash, func(g *Grant) error {
		// A refusal is kept aside, because a reuse has changed the grant as well.
		refused = g.Rotate(next, now)
		return nil
	})
	if err != nil {
		return Tokens{}, err
	}
	if refused != nil {
		return Tokens{}, refused
	}
	return tokens, nil
}

// Logout implements Service.
func (a *Accounts) Logout(ctx context.Context, c Logout) error {
	if err := requireToken(c.Token); err != nil {
		return err
	}
	if len(c.Token) > MaxRefreshTokenLength {
		return nil
	}
	now := a.now()
	err := a.repo.UpdateGrant(ctx, HashToken(c.Token), func(g *Grant) error {
		g.Revoke(now)
		return nil
	})
	if errors.Is(err, ErrInvalidRefreshToken) {
		return nil
	}
	return err
}

func requireToken(token string) error {
	var bad fields
	if token == "" {
		bad.check("refreshToken", "is required")
	}
	return errs.InvalidFields(bad...)
}

// newTokens makes an access token and a refresh token that belong together.
func (a *Accounts) newTokens(ctx context.Context, u User, now time.Time) (Tokens, RefreshToken, error) {
	access, err := a.tokens.Issue(ctx, u.ID, u.Roles)
	if err != nil {
		return Tokens{}, RefreshToken{}, err
	}
	refresh, hash, err := newRefreshToken(a.entropy)
	if err != nil {
		return Tokens{}, RefreshToken{}, err
	}
	return Tokens{Access: access, ExpiresIn: access.ExpiresAt.Sub(now), Refresh: refresh},
		RefreshToken{Hash: hash, AccessID: access.ID, CreatedAt: now}, nil
}
