package games

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

// Limits of what a client sends.
const (
	DefaultLimit       = 20
	MaxLimit           = 100
	DefaultRecommended = 10
	MaxRecommended     = 50
	// MaxQueryLength is in characters.
	MaxQueryLength = 200
	// The others are in bytes.
	MaxCursorLength   = 2048
	MaxIdempotencyKey = 255
	MaxID             = 64
	// MaxWait bounds AwaitPurchase.
	MaxWait = 30 * time.Second
)

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	idChars = letters + "0123456789_-"
)

// The routes that take an Idempotency-Key.
const (
	operationPurchase = "purchase"
	operationCancel   = "cancel"
	operationRefund   = "refund"
)

// AnyVersion is a version to match that matches every one.
const AnyVersion int64 = -1

// GetGame asks for one game.
type GetGame struct{ GameID string }

// CreateGame adds a game.
type CreateGame struct{ GameDetails }

// UpdateGame replaces a game's details if it still has the version.
type UpdateGame struct {
	GameID string
	// IfVersion is the version that the editor saw, or AnyVersion. Required.
	IfVersion int64
	GameDetails
}

// DeleteGame deletes a game, if a version is given only when it still has it.
type DeleteGame struct {
	GameID string
	// IfVersion is the version that the editor saw; 0 and AnyVersion do not check.
	IfVersion int64
}

// PurchaseGame buys a game for a person.
type PurchaseGame struct {
	// UserID comes from the verified token alone.
	UserID string
	GameID string
	// PaymentMethod is the payment provider's token; empty is its default.
	PaymentMethod string
	// ExpectedPrice, if set, must be the game's price.
	ExpectedPrice *money.Money
	// IdempotencyKey is optional.
	IdempotencyKey string
}

// GetPurchase asks for a purchase of the person.
type GetPurchase struct {
	UserID     string
	PurchaseID string
}

// AwaitPurchase waits for a purchase of the person to leave a status.
type AwaitPurchase struct {
	UserID     string
	PurchaseID string
	// Status is what the caller knows; any other is returned at once.
	Status Status
	// Wait bounds the wait; at most MaxWait.
	Wait time.Duration
}

// CancelPurchase gives up a pending purchase of the person.
type CancelPurchase struct {
	UserID         string
	PurchaseID     string
	IdempotencyKey string
}

// RequestRefund asks for the money of a completed purchase of the person back.
type RequestRefund struct {
	UserID         string
	PurchaseID     string
	IdempotencyKey string
}

// Receipt is the answer to a command on a purchase.
type Receipt struct {
	Purchase Purchase
	// Replayed says that it is the stored answer for the Idempotency-Key.
	Replayed bool
}

// MyPage asks for a page of the person's own things.
type MyPage struct {
	UserID string
	// Limit is the page's size, 1 to 100; 0 means 20.
	Limit int
	// Cursor is the NextCursor of the page before.
	Cursor string
}

// PurchasePage is a page of purchases. NextCursor is empty on the last one.
type PurchasePage struct {
	Purchases  []Purchase
	NextCursor string
}

// LibraryPage is a page of a library. NextCursor is empty on the last one.
type LibraryPage struct {
	Items      []OwnedGame
	NextCursor string
}

// RecommendationsQuery asks for suggestions.
type RecommendationsQuery struct {
	UserID string
	// Limit is 1 to 50; 0 means 10.
	Limit int
}

// PaymentEvent is what the payments service announced.
type PaymentEvent struct {
	MessageID  string
	PurchaseID string
	Payment
}

// UserEvent is what the users service announced.
type UserEvent struct {
	MessageID string
	UserID    string
}

// ValidID reports whether s can be an id: 1 to 64 letters, digits, _ or -.
func ValidID(s string) bool { return s != "" && len(s) <= MaxID && strings.Trim(s, idChars) == "" }

// Validate returns an Invalid error if the wait is out of range, or nil.
func (q AwaitPurchase) Validate() error {
	if q.Wait < 0 || q.Wait > MaxWait {
		return errs.InvalidFields(errs.Field{Name: "wait", Message: "must be from 0 to 30 seconds"})
	}
	return nil
}

func (c PurchaseGame) validate() error {
	var bad []errs.Field
	if m := c.PaymentMethod; m != "" && (!ValidID(m) || !strings.Contains(letters, m[:1])) {
		bad = append(bad, errs.Field{Name: "paymentMethod", Message: "must be a token: a letter, then at most 63 letters, digits, _ or -"})
	}
	if c.ExpectedPrice != nil {
		if _, err := money.New(c.ExpectedPrice.Amount, c.ExpectedPrice.Currency); err != nil {
			bad = append(bad, errs.Field{Name: "expectedPrice", Message: err.Error()})
		}
	}
	return errs.InvalidFields(append(bad, badKey(c.IdempotencyKey)...)...)
}

func badKey(key string) []errs.Field {
	unprintable := func(r rune) bool { return r < ' ' || r > '~' }
	if len(key) > MaxIdempotencyKey || strings.ContainsFunc(key, unprintable) {
		return []errs.Field{{Name: "Idempotency-Key", Message: "must be 1 to 255 printable ASCII characters"}}
	}
	return nil
}

func (q SearchQuery) validate() (SearchQuery, error) {
	var bad []errs.Field
	add := func(name, message string) { bad = append(bad, errs.Field{Name: name, Message: message}) }
	q.Limit, bad = limited(q.Limit, DefaultLimit, MaxLimit, bad)
	if !utf8.ValidString(q.Text) || utf8.RuneCountInString(q.Text) > MaxQueryLength {
		add("q", "must be at most 200 characters of UTF-8")
	}
	if q.Category != "" && !validCategory(q.Category) {
		add("category", "must be 1 to 40 lower-case letters, digits or hyphens")
	}
	q.Text = strings.TrimSpace(q.Text)
	switch q.Sort {
	case "", SortRelevance:
		if q.Sort = SortRelevance; q.Text == "" {
			q.Sort = SortPopularity
		}
	case SortPriceAsc, SortPriceDesc, SortPopularity, SortNewest:
	default:
		add("sort", "must be one of relevance, price, -price, popularity, newest")
	}
	if len(q.Cursor) > MaxCursorLength {
		return q, ErrInvalidCursor
	}
	return q, errs.InvalidFields(bad...)
}

// limited returns the limit or its default, and adds to bad when it is out of range.
func limited(n, def, largest int, bad []errs.Field) (int, []errs.Field) {
	if n == 0 {
		return def, bad
	}
	if n < 0 || n > largest {
		bad = append(bad, errs.Field{Name: "limit", Message: fmt.Sprintf("must be from 1 to %d", largest)})
	}
	return n, bad
}

func (e PaymentEvent) validate() error {
	if e.MessageID == "" || !ValidID(e.PurchaseID) || e.Payment.ID == "" {
		return errs.New(errs.Invalid, "malformed-event", "the event lacks the message's, the purchase's or the payment's id")
	}
	return nil
}

// idempotencyKey returns the key of a request, or the zero one if the client sent none.
func idempotencyKey(userID, operation, key string, at time.Time, request ...string) IdempotencyKey {
	if key == "" {
		return IdempotencyKey{}
	}
	sum := sha256.Sum256([]byte(strings.Join(request, "\x00")))
	return IdempotencyKey{UserID: userID, Operation: operation, Key: key, Fingerprint: hex.EncodeToString(sum[:]), At: at}
}
