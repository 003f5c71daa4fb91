package users

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gamestore.example/pkg/money"
)

// EntryKind says what an entry of the history tells.
type EntryKind string

// The kinds.
const (
	SignedUp        EntryKind = "signed-up"
	PasswordChanged EntryKind = "password-changed"

	PurchaseCompleted       EntryKind = "purchase-completed"
	PurchaseFailed          EntryKind = "purchase-failed"
	PurchaseCancelled       EntryKind = "purchase-cancelled"
	PurchaseRefundRequested EntryKind = "purchase-refund-requested"
	PurchaseRefunded        EntryKind = "purchase-refunded"
)

// OfPurchase reports whether entries of this kind tell of a purchase.
func (k EntryKind) OfPurchase() bool {
	switch k {
	case PurchaseCompleted, PurchaseFailed, PurchaseCancelled, PurchaseRefundRequested, PurchaseRefunded:
		return true
	case SignedUp, PasswordChanged:
	}
	return false
}

// Entry is a line of an account's history.
type Entry struct {
	// Seq is the store's own increasing number; zero until stored.
	Seq    int64
	UserID string
	Kind   EntryKind
	At     time.Time
	// PurchaseID, GameID and Price are set when the entry tells of a purchase.
	PurchaseID string
	GameID     string
	Price      money.Money
	// Reason is the stable word of a failed purchase.
	Reason string
	// Once names what a history tells at most once; empty for what may repeat.
	Once string
}

// Position is a place in a history, which is ordered by time and then by Seq, the
// newest first. The zero Position is before the newest entry.
type Position struct {
	At  time.Time
	Seq int64
}

// IsZero reports whether the position is before everything.
func (p Position) IsZero() bool { return p == Position{} }

// After reports whether the entry comes after the position, which is: is older.
func (p Position) After(e Entry) bool {
	return p.IsZero() || e.At.Before(p.At) || e.At.Equal(p.At) && e.Seq < p.Seq
}

// Cursor returns the position in the opaque form that clients get. Times are kept
// in whole microseconds, as the stores do.
func (p Position) Cursor() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%d", p.At.UnixMicro(), p.Seq))
}

// maxCursor bounds what is looked at as a cursor, in bytes. Ours are shorter.
const maxCursor = 64

// ParseCursor is the inverse of Cursor; "" is the zero Position. ErrInvalidCursor
// for anything else that Cursor did not make. The error has no cause, since that
// would repeat what a stranger sent.
func ParseCursor(s string) (Position, error) {
	if s == "" {
		return Position{}, nil
	}
	if len(s) > maxCursor {
		return Position{}, ErrInvalidCursor
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return Position{}, ErrInvalidCursor
	}
	at, seq, _ := strings.Cut(string(raw), ".")
	micros, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return Position{}, ErrInvalidCursor
	}
	p := Position{At: time.UnixMicro(micros).UTC()}
	if p.Seq, err = strconv.ParseInt(seq, 10, 64); err != nil || p.Seq < 1 || p.Cursor() != s {
		return Position{}, ErrInvalidCursor
	}
	return p, nil
}
