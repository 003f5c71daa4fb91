package games

import (
	"strings"
	"time"
	"unicode"
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

// Years that a release may be in: every store and encoding holds them.
const (
	minReleaseYear = 1971
	maxReleaseYear = 2999
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

// GameDetails is what the editor of a catalogue entry decides.
type GameDetails struct {
	Name        string
	Description string
	Category    string
	Price       money.Money
	ReleasedAt  time.Time
}

// NewGame returns the first version of an entry, or an Invalid error that names
// each bad field.
func NewGame(id string, d GameDetails, now time.Time) (Game, error) {
	g := Game{ID: id, CreatedAt: now}
	return g.changed(now).with(d)
}

// Edit returns the entry with other details, or an Invalid error that names each
// bad field.
func (g Game) Edit(d GameDetails, now time.Time) (Game, error) { return g.changed(now).with(d) }

// Delete returns the entry as deleted. Who owns the game keeps it.
func (g Game) Delete(now time.Time) Game {
	g = g.changed(now)
	g.Deleted = true
	return g
}

func (g Game) changed(now time.Time) Game {
	g.Version++
	g.Revision++
	g.UpdatedAt = now
	return g
}

func (g Game) with(d GameDetails) (Game, error) {
	g.Name, g.Description, g.Category = strings.TrimSpace(d.Name), strings.TrimSpace(d.Description), d.Category
	g.Price, g.ReleasedAt = d.Price, d.ReleasedAt.UTC().Truncate(time.Microsecond)
	return g, g.Validate()
}

// Counted returns the game with its counter of completed purchases changed.
func (g Game) Counted(delta int64) Game {
	if delta != 0 {
		g.Purchases += delta
		g.Revision++
	}
	return g
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
	case strings.ContainsFunc(g.Name, unicode.IsControl):
		add("name", "must not contain control characters")
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
	switch year := g.ReleasedAt.UTC().Year(); {
	case g.ReleasedAt.IsZero():
		add("releasedAt", "is required")
	case year < minReleaseYear || year > maxReleaseYear:
		add("releasedAt", "must be in the years 1971 to 2999")
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
