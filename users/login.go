package users

import (
	"context"
	"crypto/sha256"
	"errors"

	"gamestore.example/pkg/errs"
)

// maxLoginTries bounds how often a login starts again because the password hash
// changed while it was verified.
const maxLoginTries = 3

// errHashChanged says that the account has another password hash than the verified one.
var errHashChanged = errors.New("users: the password hash changed meanwhile")

// Login implements Service.
func (a *Accounts) Login(ctx context.Context, c Login) (Tokens, error) {
	var bad fields
	if c.Email == "" {
		bad.check("email", "is required")
	}
	if c.Password == "" {
		bad.check("password", "is required")
	}
	if err := errs.InvalidFields(bad...); err != nil {
		return Tokens{}, err
	}
	// What cannot be an address is nobody's, and is treated like one that nobody has.
	email, problem := NormalizeEmail(c.Email)
	if problem != "" {
		email = c.Email
	}
	for range maxLoginTries {
		tokens, err := a.tryLogin(ctx, email, c.Password)
		if !errors.Is(err, errHashChanged) {
			return tokens, err
		}
	}
	return Tokens{}, ErrInvalidCredentials
}

func (a *Accounts) tryLogin(ctx context.Context, email, password string) (Tokens, error) {
	u, err := a.repo.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, ErrUserNotFound) {
		return Tokens{}, err
	}
	ok, err := a.verify(ctx, email, u.PasswordHash, password)
	if err != nil {
		return Tokens{}, err
	}
	if !ok {
		return Tokens{}, ErrInvalidCredentials
	}
	return a.open(ctx, u, a.rehash(ctx, u.PasswordHash, password))
}

// verify checks a password and counts the attempt unless the password is right
// or nothing was learned about it.
func (a *Accounts) verify(ctx context.Context, email, hash, password string) (bool, error) {
	// The key is a hash, so that it is short whatever a stranger sends.
	sum := sha256.Sum256([]byte(email))
	key := string(sum[:])
	if err := a.throttle.Take(key); err != nil {
		return false, err
	}
	ok, err := a.hasher.Verify(ctx, hash, password)
	if ok || err != nil {
		a.throttle.GiveBack(key)
	}
	return ok, err
}

// rehash returns a hash with today's parameters. A login does not fail because
// there is none: the next one tries again.
func (a *Accounts) rehash(ctx context.Context, hash, password string) string {
	if !a.hasher.Stale(hash) {
		return hash
	}
	fresh, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return hash
	}
	return fresh
}

// open begins a session of an account whose verified hash is u's.
func (a *Accounts) open(ctx context.Context, u User, hash string) (Tokens, error) {
	now := a.now()
	tokens, first, err := a.newTokens(ctx, u, now)
	if err != nil {
		return Tokens{}, err
	}
	session := Session{ID: a.newID(), UserID: u.ID, CreatedAt: now, ExpiresAt: now.Add(a.ttl)}
	verified := u.PasswordHash
	_, err = a.repo.UpdateUser(ctx, u.ID, func(u User) (User, Change, error) {
		// A password that was changed or erased meanwhile opens nothing: what ended
		// the other sessions must not miss this one.
		if u.PasswordHash != verified {
			return u, Change{}, errHashChanged
		}
		if hash != verified {
			u = u.Rehashed(hash, now)
		}
		return u, Change{Open: &NewSession{Session: session, Token: first}}, nil
	})
	if err != nil {
		return Tokens{}, err
	}
	return tokens, nil
}

// ChangePassword implements Service.
func (a *Accounts) ChangePassword(ctx context.Context, c ChangePassword) error {
	var bad fields
	if c.Current == "" {
		bad.check("currentPassword", "is required")
	}
	bad.check("newPassword", a.policy.problem(c.Changed))
	if err := errs.InvalidFields(bad...); err != nil {
		return err
	}
	u, err := living(a.repo.User(ctx, c.UserID))
	if err != nil {
		return err
	}
	ok, err := a.verify(ctx, u.Email, u.PasswordHash, c.Current)
	if err != nil {
		return err
	}
	if !ok {
		return ErrWrongPassword
	}
	hash, err := a.hasher.Hash(ctx, c.Changed)
	if err != nil {
		return err
	}
	return a.replaceHash(ctx, u, hash, c.AccessID)
}

func (a *Accounts) replaceHash(ctx context.Context, verified User, hash, accessID string) error {
	now := a.now()
	_, err := a.repo.UpdateUser(ctx, verified.ID, func(u User) (User, Change, error) {
		switch {
		case u.Deleted():
			return u, Change{}, ErrNoAccount
		case u.PasswordHash != verified.PasswordHash:
			return u, Change{}, ErrWrongPassword // not the current one any more
		}
		return u.Rehashed(hash, now), Change{
			Entries: []Entry{{UserID: u.ID, Kind: PasswordChanged, At: now}},
			Revoke:  &Revocation{At: now, ExceptAccessID: accessID},
		}, nil
	})
	return err
}
