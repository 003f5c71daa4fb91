package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"

	"gamestore.example/pkg/errs"
)

const (
	// MaxLeeway is the largest difference between clocks that a Verifier forgives.
	MaxLeeway = time.Minute
	// DefaultCacheSize is how many verified tokens a Verifier remembers.
	DefaultCacheSize = 10_000
	// maxToken bounds the work that a stranger's token can cause, in bytes.
	maxToken = 8 << 10
)

// VerifierConfig says which tokens are good.
type VerifierConfig struct {
	// Issuer and Audience must be in the token; both are required.
	Issuer, Audience string
	// Leeway forgives clocks that differ, at most MaxLeeway.
	Leeway time.Duration
	// CacheSize is how many verified tokens are remembered; 0 means
	// DefaultCacheSize, less than 0 means none.
	CacheSize int
}

// Verifier checks access tokens. It is safe for concurrent use.
type Verifier struct {
	keys   KeySource
	cfg    VerifierConfig
	now    func() time.Time
	parser *jwt.Parser
	cache  *lru.Cache[[sha256.Size]byte, verified]
}

// verified is a token whose signature and claims were found good. What may
// change with time is checked again on each use: its times and its key.
type verified struct {
	principal Principal
	notBefore time.Time
	kid       string
	key       Key
}

// NewVerifier returns a Verifier that trusts the keys of the source.
func NewVerifier(keys KeySource, cfg VerifierConfig, now func() time.Time) (*Verifier, error) {
	switch {
	case cfg.Issuer == "" || cfg.Audience == "":
		return nil, errors.New("auth: an issuer and an audience are required")
	case cfg.Leeway < 0 || cfg.Leeway > MaxLeeway:
		return nil, fmt.Errorf("auth: leeway %v: want 0 to %v", cfg.Leeway, MaxLeeway)
	}
	v := &Verifier{keys: keys, cfg: cfg, now: now, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{EdDSA, RS256}),
		jwt.WithIssuer(cfg.Issuer),
		jwt.WithAudience(cfg.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(cfg.Leeway),
		jwt.WithTimeFunc(now),
		jwt.WithStrictDecoding(),
	)}
	if cfg.CacheSize == 0 {
		cfg.CacheSize = DefaultCacheSize
	}
	if cfg.CacheSize > 0 {
		cache, err := lru.New[[sha256.Size]byte, verified](cfg.CacheSize)
		if err != nil {
			return nil, fmt.Errorf("auth: token cache: %w", err)
		}
		v.cache = cache
	}
	return v, nil
}

// Verify returns who the token speaks for. A token that is not good gives an
// error of class Unauthenticated (ErrTokenRequired, ErrTokenInvalid,
// ErrTokenExpired); a key source that cannot say gives its own.
func (v *Verifier) Verify(ctx context.Context, raw string) (Principal, error) {
	switch {
	case raw == "":
		return Principal{}, ErrTokenRequired
	case len(raw) > maxToken:
		return Principal{}, ErrTokenInvalid.WithCause(fmt.Errorf("token of %d bytes, at most %d are allowed", len(raw), maxToken))
	case v.cache == nil:
		t, err := v.parse(ctx, raw)
		return t.principal, err
	}
	sum := sha256.Sum256([]byte(raw))
	if t, ok := v.cache.Get(sum); ok {
		if v.current(ctx, t) {
			return t.principal, nil
		}
		v.cache.Remove(sum)
	}
	t, err := v.parse(ctx, raw)
	if err != nil {
		return Principal{}, err
	}
	v.cache.Add(sum, t)
	return t.principal, nil
}

// current reports whether a remembered token is still good.
func (v *Verifier) current(ctx context.Context, t verified) bool {
	now := v.now()
	if !now.Before(t.principal.ExpiresAt.Add(v.cfg.Leeway)) || now.Before(t.notBefore.Add(-v.cfg.Leeway)) {
		return false
	}
	key, err := v.keys.Key(ctx, t.kid)
	return err == nil && key.equal(t.key)
}

// parse checks a token from its first byte.
func (v *Verifier) parse(ctx context.Context, raw string) (verified, error) {
	var (
		c   claims
		out verified
	)
	_, err := v.parser.ParseWithClaims(raw, &c, func(t *jwt.Token) (any, error) {
		kid, err := checkHeader(t.Header)
		if err != nil {
			return nil, err
		}
		key, err := v.keys.Key(ctx, kid)
		if err != nil {
			return nil, err
		}
		// The key decides the algorithm, never the token.
		if t.Method.Alg() != key.Alg {
			return nil, fmt.Errorf("key %q is for %s, not for %s", kid, key.Alg, t.Method.Alg())
		}
		out.kid, out.key = kid, key
		return key.Public, nil
	})
	if err != nil {
		return verified{}, tokenError(err)
	}
	if c.Subject == "" {
		return verified{}, ErrTokenInvalid.WithCause(errors.New("the token has no subject"))
	}
	out.principal = Principal{UserID: c.Subject, Roles: c.Roles, TokenID: c.ID, ExpiresAt: c.ExpiresAt.Time}
	if c.NotBefore != nil {
		out.notBefore = c.NotBefore.Time
	}
	return out, nil
}

// checkHeader checks what the JOSE header must say and returns the key's id.
func checkHeader(header map[string]any) (kid string, err error) {
	typ, _ := header["typ"].(string)
	if typ = strings.TrimPrefix(strings.ToLower(typ), "application/"); typ != tokenType {
		return "", fmt.Errorf("the token's typ is not %s", tokenType)
	}
	// RFC 7515: an extension that must be understood and is not makes the token invalid.
	if _, critical := header["crit"]; critical {
		return "", errors.New("the token has critical extensions")
	}
	kid, _ = header["kid"].(string)
	if kid == "" || len(kid) > maxKeyID {
		return "", errors.New("the token has no usable kid")
	}
	return kid, nil
}

// tokenError classifies what the parser said. What the key source itself could
// not do (class Unavailable, Timeout, …) is passed on.
func tokenError(err error) error {
	var e *errs.Error
	switch {
	case errors.As(err, &e) && e.Class != errs.Unauthenticated:
		return e
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrTokenExpired.WithCause(err)
	}
	return ErrTokenInvalid.WithCause(err)
}
