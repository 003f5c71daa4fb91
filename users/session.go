package users

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"time"
)

// refreshTokenBytes is the entropy of a refresh token: 256 bits.
const refreshTokenBytes = 32

// MaxRefreshTokenLength bounds what is looked up as a refresh token, in bytes.
const MaxRefreshTokenLength = 256

// TokenHash is the SHA-256 of a refresh token: what is stored in its place. A plain
// hash is enough, because nobody can guess 256 random bits.
type TokenHash [sha256.Size]byte

// HashToken returns the hash of a refresh token.
func HashToken(token string) TokenHash { return sha256.Sum256([]byte(token)) }

// newRefreshToken returns a fresh token and its hash.
func newRefreshToken(entropy io.Reader) (string, TokenHash, error) {
	raw := make([]byte, refreshTokenBytes)
	if _, err := io.ReadFull(entropy, raw); err != nil {
		return "", TokenHash{}, fmt.Errorf("read entropy for a refresh token: %w", err)
	}
	token := base64.RawURLEncoding.EncodeToString(raw)
	return token, HashToken(token), nil
}

// Session is a family of refresh tokens: what one login began.
type Session struct {
	// ID is a UUIDv7.
	ID     string
	UserID string
	// CreatedAt is the time of the login.
	CreatedAt time.Time
	// ExpiresAt ends the session whatever happens: rotation does not prolong it.
	ExpiresAt time.Time
	// RevokedAt is zero while nobody has revoked the session.
	RevokedAt time.Time
}

// Open reports whether the session's current token can be exchanged.
func (s Session) Open(now time.Time) bool { return s.RevokedAt.IsZero() && now.Before(s.ExpiresAt) }

// RefreshToken is one token of a session's family, as it is stored.
type RefreshToken struct {
	Hash TokenHash
	// AccessID is the jti of the access token that was given out with it. It tells
	// which session an access token belongs to.
	AccessID  string
	CreatedAt time.Time
	// RotatedAt is zero for the current token of the family.
	RotatedAt time.Time
}

// Grant is what a presented refresh token leads to: the token, its session, and
// whom it is for.
type Grant struct {
	User    User
	Session Session
	Token   RefreshToken
	// Next, when set by an update, is the token that takes the place of Token.
	Next *RefreshToken
}

// Rotate exchanges the token for next. When it fails with ErrRefreshTokenReused
// the grant has changed too, its session is revoked, and that must be stored.
func (g *Grant) Rotate(next RefreshToken, now time.Time) error {
	switch {
	case g.User.Deleted() || !g.Session.Open(now):
		return ErrInvalidRefreshToken
	case !g.Token.RotatedAt.IsZero():
		g.Revoke(now)
		return ErrRefreshTokenReused
	}
	g.Token.RotatedAt = now
	g.Next = &next
	return nil
}

// Revoke ends the session. Doing it again changes nothing.
func (g *Grant) Revoke(now time.Time) {
	if g.Session.RevokedAt.IsZero() {
		g.Session.RevokedAt = now
	}
}
