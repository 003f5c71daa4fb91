package users

import (
	"strconv"
	"time"

	"gamestore.example/pkg/money"
)

// Limits of a page of the history.
const (
	DefaultPageSize = 20
	MaxPageSize     = 100
)

// SignUp makes an account.
type SignUp struct {
	Email, Password, Name string
}

// Login opens a session.
type Login struct {
	Email, Password string
}

// Tokens are what a client gets for a login or a refresh.
type Tokens struct {
	Access AccessToken
	// ExpiresIn is how long the access token lives from now.
	ExpiresIn time.Duration
	// Refresh is good for one exchange.
	Refresh string
}

// Refresh exchanges a refresh token for new Tokens.
type Refresh struct{ Token string }

// Logout ends the session of a refresh token.
type Logout struct{ Token string }

// GetProfile asks for the caller's own account.
type GetProfile struct{ UserID string }

// GetContact asks how to reach the person of an account.
type GetContact struct{ UserID string }

// Contact is how to reach and to address a person. It never goes into an event or a log.
type Contact struct {
	UserID      string
	Name, Email string
}

// UpdateProfile changes the caller's own account.
type UpdateProfile struct {
	UserID string
	Name   string
}

// ChangePassword sets another password and ends the other sessions.
type ChangePassword struct {
	UserID string
	// AccessID is the jti of the access token that the call was made with. Its
	// session stays.
	AccessID         string
	Current, Changed string
}

// DeleteAccount makes the caller's account a tombstone.
type DeleteAccount struct{ UserID string }

// GetHistory asks for a page of the caller's own history.
type GetHistory struct {
	UserID string
	// Limit is the page's size, from 1 to MaxPageSize; 0 means DefaultPageSize.
	Limit int
	// Cursor is the NextCursor of the page before; empty for the first.
	Cursor string
}

// HistoryPage is a page of a history, the newest entry first.
type HistoryPage struct {
	Entries []Entry
	// NextCursor is empty on the last page.
	NextCursor string
}

// RecordPurchase tells what became of a purchase.
type RecordPurchase struct {
	// MessageID is the event's: the same one again changes nothing.
	MessageID  string
	Kind       EntryKind
	UserID     string
	PurchaseID string
	// Version is that of the purchase which the event tells of; 0 if it does not say.
	Version int64
	GameID  string
	Price   money.Money
	Reason  string
	At      time.Time
}

// once names what the event tells. A purchase ends once, whatever number of events say
// so. A refund may be requested again after it failed, and the event of one request
// may be repeated: then the version is the same.
func (c RecordPurchase) once() string {
	name := string(c.Kind) + ":" + c.PurchaseID
	switch {
	case c.Kind != PurchaseRefundRequested:
		return name
	case c.Version > 0:
		return name + ":" + strconv.FormatInt(c.Version, 10)
	}
	return ""
}
