package users

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gamestore.example/pkg/errs"
)

// MaxNameLength bounds a name, in characters.
const MaxNameLength = 100

// The roles. Everybody is a user; an admin is both.
const (
	RoleUser  = "user"
	RoleAdmin = "admin"
)

// User is an account. A tombstone keeps nothing but its id, its version and its times.
type User struct {
	// ID is a UUIDv7. It is never used again, not even by a new account of the same address.
	ID string
	// Email is normalised by NormalizeEmail. Unique among the living, empty on a tombstone.
	Email string
	// Name is what the person wants to be called.
	Name string
	// PasswordHash is the Hasher's; empty on a tombstone.
	PasswordHash string
	// Roles are RoleUser and, for some, RoleAdmin.
	Roles []string
	// Version counts changes from 1. It is the sequence of the account's events.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	// DeletedAt is zero while the account lives.
	DeletedAt time.Time
}

// Deleted reports whether the account is a tombstone.
func (u User) Deleted() bool { return !u.DeletedAt.IsZero() }

// IsAdmin reports whether the account is a living admin's.
func (u User) IsAdmin() bool { return !u.Deleted() && slices.Contains(u.Roles, RoleAdmin) }

// Renamed returns the account with another name.
func (u User) Renamed(name string, now time.Time) User {
	u.Name = name
	return u.changed(now)
}

// Rehashed returns the account with another password hash.
func (u User) Rehashed(hash string, now time.Time) User {
	u.PasswordHash = hash
	return u.changed(now)
}

// Tombstone returns what is left of the account when it is deleted.
func (u User) Tombstone(now time.Time) User {
	return User{ID: u.ID, Version: u.Version, CreatedAt: u.CreatedAt, DeletedAt: now}.changed(now)
}

func (u User) changed(now time.Time) User {
	u.Version++
	u.UpdatedAt = now
	return u
}

// normalizeName trims the name and reports what is wrong with it, "" for nothing.
// Control and format characters are refused, for they can forge a line of a log or
// turn the reading direction of a page; but for the two joiners, which Persian,
// Sinhala and others write with.
func normalizeName(s string) (name, problem string) {
	name = strings.TrimSpace(s)
	switch {
	case name == "":
		return name, "is required"
	case !utf8.ValidString(name):
		return name, "is not valid UTF-8"
	case utf8.RuneCountInString(name) > MaxNameLength:
		return name, "is longer than 100 characters"
	case strings.ContainsFunc(name, unprintable):
		return name, "has a character that cannot be printed"
	}
	return name, ""
}

func unprintable(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
	return !unicode.IsPrint(r) && r != zeroWidthNonJoiner && r != zeroWidthJoiner
}

// fields collects what is wrong with a command.
type fields []errs.Field

// check adds a field when there is a problem with it.
func (f *fields) check(name, problem string) {
	if problem != "" {
		*f = append(*f, errs.Field{Name: name, Message: problem})
	}
}
