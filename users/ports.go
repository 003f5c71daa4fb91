package users

import (
	"context"
	"time"
)

// Change is what an update of an account stores beside the account, in the same
// transaction: all of it or nothing.
type Change struct {
	// Events are published after the commit, at least once each.
	Events []Event
	// Entries join the history of the account.
	Entries []Entry
	// Open is the session that a login begins.
	Open *NewSession
	// Revoke ends sessions of the account.
	Revoke *Revocation
	// Erase deletes the account's sessions and history, so that their contents
	// cannot be read from the store's files.
	Erase bool
}

// NewSession is a session with the first token of its family.
type NewSession struct {
	Session Session
	Token   RefreshToken
}

// Revocation ends all open sessions of an account.
type Revocation struct {
	At time.Time
	// ExceptAccessID spares the session that gave out this access token; "" spares none.
	ExceptAccessID string
}

// Repository stores accounts, sessions and histories. Times are kept to the
// microsecond, in UTC. Every method may fail with an error of class Unavailable
// when the store does not answer; then a change is not there.
type Repository interface {
	// CreateUser stores a new account and its change. ErrEmailTaken if a living
	// account has the address.
	CreateUser(ctx context.Context, u User, change Change) error
	// User returns an account, a tombstone as well. ErrUserNotFound if there is none.
	User(ctx context.Context, id string) (User, error)
	// UserByEmail returns the living account of a normalised address, or ErrUserNotFound.
	UserByEmail(ctx context.Context, email string) (User, error)
	// HasAdmin reports whether a living admin exists.
	HasAdmin(ctx context.Context) (bool, error)
	// UpdateUser reads an account, tombstones included, and stores what update makes
	// of it, in one transaction that nobody else's change comes between. Nothing is
	// stored if update fails; its error is returned as it is. update must be
	// quick and pure: it may run again. ErrUserNotFound if there is no such account,
	// ErrEmailTaken if the new address is a living account's.
	UpdateUser(ctx context.Context, id string, update func(User) (User, Change, error)) (User, error)
	// Grant returns what a refresh token leads to, or ErrInvalidRefreshToken.
	Grant(ctx context.Context, hash TokenHash) (Grant, error)
	// UpdateGrant reads what a refresh token leads to and stores the Session, the Token
	// and the Next that update leaves in it, in one transaction as UpdateUser does.
	// The User is not stored. ErrInvalidRefreshToken if there is no such token.
	UpdateGrant(ctx context.Context, hash TokenHash, update func(*Grant) error) error
	// PruneSessions deletes at most limit sessions that expired before the time, with
	// their tokens, and returns how many.
	PruneSessions(ctx context.Context, before time.Time, limit int) (int, error)
	// AddEntry adds what a message said to a living account's history and returns
	// true. It returns false and changes nothing when the message was here before,
	// when the history has an entry with the same Once, or when there is no such living account.
	AddEntry(ctx context.Context, messageID string, e Entry) (bool, error)
	// History returns at most limit entries after the position, the newest first.
	// An unknown account has none.
	History(ctx context.Context, userID string, after Position, limit int) ([]Entry, error)
}

// Hasher turns passwords into hashes that are hard to guess from. It limits how
// much work it does at once: what must wait too long fails with ErrBusy.
type Hasher interface {
	// Hash returns a salted hash of the password, which carries its own parameters.
	Hash(ctx context.Context, password string) (string, error)
	// Verify reports whether the hash is one of the password. An empty hash is no
	// password's and costs the same work, so that an account that does not exist
	// cannot be told by the time. A hash that Hash never made is an Internal error.
	Verify(ctx context.Context, hash, password string) (bool, error)
	// Stale reports whether Hash would use other parameters today.
	Stale(hash string) bool
}

// AccessToken is a signed token that services verify without asking anybody.
type AccessToken struct {
	// Value is what the client sends.
	Value string
	// ID is the token's jti.
	ID string
	// ExpiresAt is in whole seconds.
	ExpiresAt time.Time
}

// TokenIssuer makes access tokens.
type TokenIssuer interface {
	// Issue returns a new token for an account with these roles.
	Issue(ctx context.Context, userID string, roles []string) (AccessToken, error)
}

// Throttle slows guessing down, by key. It keeps no key for ever and forgets the
// keys that nobody uses.
type Throttle interface {
	// Take counts an attempt before its result is known. A key that has no attempt
	// left gets ErrTooManyAttempts with the time until it has one again.
	Take(key string) error
	// GiveBack returns an attempt that did not fail.
	GiveBack(key string)
}
