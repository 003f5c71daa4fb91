package users

import (
	"context"
	"errors"
	"fmt"

	"gamestore.example/pkg/errs"
)

// SignUp implements Service.
func (a *Accounts) SignUp(ctx context.Context, c SignUp) (User, error) {
	u, err := a.prepare(c)
	if err != nil {
		return User{}, err
	}
	// A look before the costly hash. The store's word is the last all the same.
	if _, err := a.repo.UserByEmail(ctx, u.Email); err == nil {
		return User{}, ErrEmailTaken
	} else if !errors.Is(err, ErrUserNotFound) {
		return User{}, err
	}
	return a.create(ctx, u, c.Password)
}

// prepare returns the account that a sign-up asks for, or what is wrong with it.
func (a *Accounts) prepare(c SignUp) (User, error) {
	var bad fields
	email, problem := NormalizeEmail(c.Email)
	bad.check("email", problem)
	bad.check("password", a.policy.problem(c.Password))
	name, problem := normalizeName(c.Name)
	bad.check("name", problem)
	return User{Email: email, Name: name, Roles: []string{RoleUser}}, errs.InvalidFields(bad...)
}

func (a *Accounts) create(ctx context.Context, u User, password string) (User, error) {
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	now := a.now()
	u.ID, u.PasswordHash, u.Version, u.CreatedAt, u.UpdatedAt = a.newID(), hash, 1, now, now
	change := Change{
		Events:  []Event{UserCreated{UserID: u.ID, Version: u.Version, At: now}},
		Entries: []Entry{{UserID: u.ID, Kind: SignedUp, At: now}},
	}
	if err := a.repo.CreateUser(ctx, u, change); err != nil {
		return User{}, err
	}
	return u, nil
}

// EnsureAdmin makes an admin when there is none, and does nothing otherwise, so
// that a later start never resets a password. An empty password means a random
// one, which is told to announce once, before the account is stored: a crash in between
// leaves no admin whose password nobody knows, and the next start announces another.
// ErrEmailTaken if the address is an ordinary account's; it is not promoted, because
// whoever signed up with it would be an admin then.
func (a *Accounts) EnsureAdmin(ctx context.Context, email, password string, announce func(email, password string) error) error {
	if exists, err := a.repo.HasAdmin(ctx); err != nil || exists {
		return err
	}
	generated := password == ""
	if generated {
		var err error
		if password, _, err = newRefreshToken(a.entropy); err != nil {
			return err
		}
	}
	u, err := a.prepare(SignUp{Email: email, Password: password, Name: "Administrator"})
	if err != nil {
		return fmt.Errorf("the first admin: %w", err)
	}
	if _, err := a.repo.UserByEmail(ctx, u.Email); err == nil {
		return fmt.Errorf("the first admin: %w", ErrEmailTaken)
	} else if !errors.Is(err, ErrUserNotFound) {
		return err
	}
	if generated {
		if err := announce(u.Email, password); err != nil {
			return fmt.Errorf("announce the password of the first admin: %w", err)
		}
	}
	u.Roles = append(u.Roles, RoleAdmin)
	_, err = a.create(ctx, u, password)
	return err
}

// Profile implements Service.
func (a *Accounts) Profile(ctx context.Context, c GetProfile) (User, error) {
	return living(a.repo.User(ctx, c.UserID))
}

// Contact implements Contacts.
func (a *Accounts) Contact(ctx context.Context, q GetContact) (Contact, error) {
	u, err := a.repo.User(ctx, q.UserID)
	switch {
	case err != nil:
		return Contact{}, err
	case u.Deleted():
		return Contact{}, ErrUserNotFound
	}
	return Contact{UserID: u.ID, Name: u.Name, Email: u.Email}, nil
}

// UpdateProfile implements Service.
func (a *Accounts) UpdateProfile(ctx context.Context, c UpdateProfile) (User, error) {
	name, problem := normalizeName(c.Name)
	var bad fields
	bad.check("name", problem)
	if err := errs.InvalidFields(bad...); err != nil {
		return User{}, err
	}
	now := a.now()
	return living(a.repo.UpdateUser(ctx, c.UserID, func(u User) (User, Change, error) {
		if u.Deleted() {
			return u, Change{}, ErrNoAccount
		}
		return u.Renamed(name, now), Change{}, nil
	}))
}

// DeleteAccount implements Service.
func (a *Accounts) DeleteAccount(ctx context.Context, c DeleteAccount) error {
	now := a.now()
	_, err := a.repo.UpdateUser(ctx, c.UserID, func(u User) (User, Change, error) {
		if u.Deleted() {
			return u, Change{}, ErrNoAccount
		}
		u = u.Tombstone(now)
		return u, Change{Erase: true, Events: []Event{UserDeleted{UserID: u.ID, Version: u.Version, At: now}}}, nil
	})
	if errors.Is(err, ErrUserNotFound) {
		return ErrNoAccount
	}
	return err
}
