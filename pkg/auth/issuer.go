package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// tokenType is the typ header of an access token (RFC 9068). Requiring it keeps
// other JWTs of the same issuer from being used as access tokens.
const tokenType = "at+jwt"

// DefaultTTL is how long an access token lives when the configuration says nothing.
const DefaultTTL = 15 * time.Minute

// claims is the body of an access token.
type claims struct {
	jwt.RegisteredClaims
	Roles []string `json:"roles,omitempty"`
}

// IssuerConfig says what an Issuer writes into its tokens.
type IssuerConfig struct {
	// Issuer and Audience are the iss and aud claims; both are required.
	Issuer, Audience string
	// TTL is how long a token lives; 0 means DefaultTTL. It must not be longer than
	// the Keyring keeps a retired key published.
	TTL time.Duration
}

// Issuer issues access tokens.
type Issuer struct {
	ring  *Keyring
	cfg   IssuerConfig
	now   func() time.Time
	newID func() string
}

// NewIssuer returns an Issuer that signs with the ring's current key. newID makes
// the tokens' jti. It is an error if a token could outlive the key that signed it.
func NewIssuer(ring *Keyring, cfg IssuerConfig, now func() time.Time, newID func() string) (*Issuer, error) {
	if cfg.TTL == 0 {
		cfg.TTL = DefaultTTL
	}
	switch {
	case cfg.Issuer == "" || cfg.Audience == "":
		return nil, errors.New("auth: an issuer and an audience are required")
	case cfg.TTL < time.Second || cfg.TTL > ring.cfg.retention:
		return nil, fmt.Errorf("auth: token lifetime %v: want 1s to %v, which is how long retired keys stay published", cfg.TTL, ring.cfg.retention)
	}
	return &Issuer{ring: ring, cfg: cfg, now: now, newID: newID}, nil
}

// TTL is how long the tokens live.
func (i *Issuer) TTL() time.Duration { return i.cfg.TTL }

// Issue returns a new token for the user and when it ends (whole seconds).
func (i *Issuer) Issue(ctx context.Context, userID string, roles []string) (token string, expiresAt time.Time, err error) {
	if err := ctx.Err(); err != nil {
		return "", time.Time{}, err
	}
	if userID == "" {
		return "", time.Time{}, errors.New("auth: issue: no user id")
	}
	signer, err := i.ring.Signer()
	if err != nil {
		return "", time.Time{}, err
	}
	now := i.now()
	expiresAt = now.Add(i.cfg.TTL).Truncate(time.Second)
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: i.cfg.Issuer, Subject: userID, Audience: jwt.ClaimStrings{i.cfg.Audience}, ID: i.newID(),
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expiresAt),
		},
		Roles: roles,
	})
	t.Header["typ"] = tokenType
	t.Header["kid"] = signer.ID
	token, err = t.SignedString(signer.Private)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("auth: sign: %w", err)
	}
	return token, expiresAt, nil
}
