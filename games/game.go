package games

import (
	"strings"
	"time"
	"unicode/utf8"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

// Limits of a game's fields, in characters.
const (
	MaxNameLength        = 120
	MaxDescriptionLength = 4000
	MaxCategoryLength    = 40
)

// Game is an entry of the catalogue.
type Game struct {
	ID          string
	Name        string
	Description string
	// Category is a lower-case slug, such as "strategy".
	Category string
	Price    money.Money
	// ReleasedAt is when it can be bought from; a later time is a pre-announcement.
	ReleasedAt time.Time
	// Purchases counts completed purchases that were not refunded.
	Purchases int64
	// Version counts edits of the catalogue entry, from 1: the ETag.
	Version int64
	// Revision counts every change, the purchase counter included: the version
	// that the search index compares.
	Revision  int64
	Deleted   bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Available reports whether the game can be bought at the time.
func (g Game) Available(now time.Time) bool { return !g.Deleted && !g.ReleasedAt.After(now) }

// Validate returns an Invalid error that names each bad field, or nil.
func (g Game) Validate() error {
	var bad []errs.Field
	add := func(name, message string) { bad = append(bad, errs.Field{Name: name, Message: message}) }
	switch n := utf8.RuneCountInString(g.Name); {
	case strings.TrimSpace(g.Name) == "":
		add("name", "is required")
	case n > MaxNameLength:
		add("name", "is longer than 120 characters")
	}
	if utf8.RuneCountInString(g.Description) > MaxDescriptionLength {
		add("description", "is longer than 4000 characters")
	}
	if !validCategory(g.Category) {
		add("category", "must be 1 to 40 lower-case letters, digits or hyphens")
	}
	if _, err := money.New(g.Price.Amount, g.Price.Currency); err != nil {
		add("price", err.Error())
	}
	if g.ReleasedAt.IsZero() {
		add("releasedAt", "is required")
	}
	return errs.InvalidFields(bad...)
}

func validCategory(s string) bool {
	if s == "" || len(s) > MaxCategoryLength {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
