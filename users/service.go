package users

import (
	"context"
	"errors"
	"io"
	"time"
)

// DefaultSessionTTL is how long a session can be refreshed after its login.
const DefaultSessionTTL = 30 * 24 * time.Hour

// Service is what the outside asks of accounts. The UserID of a command is the
// caller's, from a verified token. Bad input is an error of class Invalid that names the
// fields.
type Service interface {
	// SignUp makes an account and tells UserCreated. ErrEmailTaken. It is not
	// idempotent: the same call again finds the address taken.
	SignUp(ctx context.Context, c SignUp) (User, error)
	// Login opens a session. ErrInvalidCredentials, after the same work whichever of the
	// two is wrong; ErrTooManyAttempts; ErrBusy.
	Login(ctx context.Context, c Login) (Tokens, error)
	// Refresh exchanges a refresh token, once. ErrInvalidRefreshToken;
	// ErrRefreshTokenReused, which ends the session.
	Refresh(ctx context.Context, c Refresh) (Tokens, error)
	// Logout ends the session of any token of its family. It is idempotent, and a
	// token that nobody knows is no error.
	Logout(ctx context.Context, c Logout) error
	// Profile returns the caller's account. ErrNoAccount.
	Profile(ctx context.Context, c GetProfile) (User, error)
	// UpdateProfile changes the name. ErrNoAccount.
	UpdateProfile(ctx context.Context, c UpdateProfile) (User, error)
	// ChangePassword sets another password and ends the account's other sessions.
	// ErrNoAccount, ErrWrongPassword, ErrTooManyAttempts, ErrBusy.
	ChangePassword(ctx context.Context, c ChangePassword) error
	// DeleteAccount makes the account a tombstone and tells UserDeleted. ErrNoAccount,
	// also when it is one already.
	DeleteAccount(ctx context.Context, c DeleteAccount) error
	// History returns a page of the account's history. ErrNoAccount, ErrInvalidCursor.
	History(ctx context.Context, c GetHistory) (HistoryPage, error)
	// RecordPurchase adds what became of a purchase to the buyer's history. It is
	// idempotent by MessageID, and does nothing for an account that does not live.
	RecordPurchase(ctx context.Context, c RecordPurchase) error
}

// Deps are what the service is made of. All are required but SessionTTL.
type Deps struct {
	Repository Repository
	Hasher     Hasher
	Tokens     TokenIssuer
	Throttle   Throttle
	// Entropy is where refresh tokens come from: crypto/rand.Reader.
	Entropy io.Reader
	Now     func() time.Time
	// NewID makes the ids of accounts and sessions.
	NewID func() string
	// SessionTTL is the absolute life of a session; 0 means DefaultSessionTTL.
	SessionTTL time.Duration
}

// Accounts is the Service. It is safe for concurrent use.
type Accounts struct {
	repo     Repository
	hasher   Hasher
	tokens   TokenIssuer
	throttle Throttle
	entropy  io.Reader
	clock    func() time.Time
	newID    func() string
	ttl      time.Duration
	policy   passwordPolicy
}

var (
	_ Service  = (*Accounts)(nil)
	_ Contacts = (*Accounts)(nil)
)

// New returns the service, or an error when a dependency is missing.
func New(d Deps) (*Accounts, error) {
	if d.Repository == nil || d.Hasher == nil || d.Tokens == nil || d.Throttle == nil || d.Entropy == nil || d.Now == nil || d.NewID == nil {
		return nil, errors.New("users: a dependency is missing")
	}
	if d.SessionTTL < 0 {
		return nil, errors.New("users: the life of a session is negative")
	}
	if d.SessionTTL == 0 {
		d.SessionTTL = DefaultSessionTTL
	}
	return &Accounts{
		repo: d.Repository, hasher: d.Hasher, tokens: d.Tokens, throttle: d.Throttle, entropy: d.Entropy,
		clock: d.Now, newID: d.NewID, ttl: d.SessionTTL, policy: newPasswordPolicy(),
	}, nil
}

// now is the clock in the precision that is stored.
func (a *Accounts) now() time.Time { return a.clock().UTC().Truncate(time.Microsecond) }

// living turns what is not a living account into ErrNoAccount.
func living(u User, err error) (User, error) {
	if errors.Is(err, ErrUserNotFound) || err == nil && u.Deleted() {
		return User{}, ErrNoAccount
	}
	return u, err
}
