package oracle

import (
	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/pkg/money"
	"gamestore.example/users"
)

// Snapshot is the whole store at one moment, beside what its clients were told.
type Snapshot struct {
	// AtRest says that nothing moves any more: everything must have arrived, and Found
	// is there. Otherwise the store may have been killed just now; much must hold
	// even so.
	AtRest bool
	// Games is the catalogue in the database, deleted games included.
	Games []Game
	// Found is what a search for everything finds, the most popular first.
	Found     []Game
	Purchases []Purchase
	Payments  []Payment
	// Charges are the provider's books.
	Charges  []Charge
	Accounts []Account
	// History is what the accounts' histories tell of purchases.
	History []HistoryEntry
	// Unsent are events that are still in an outbox.
	Unsent []Event
	// Journal are messages that are still in the bus.
	Journal []Message
	// Planted are the dead letters that there have to be: what nobody can handle.
	Planted []Message
	Told    Told
}

// Game is an entry of the catalogue or of the index.
type Game struct {
	ID, Name, Description, Category string
	Price                           money.Money
	// Purchases is the counter of completed purchases.
	Purchases int64
	// Version counts edits.
	Version int64
	Deleted bool
}

// Purchase is one of the games service.
type Purchase struct {
	ID, UserID, GameID string
	Price              money.Money
	Method, PaymentID  string
	Status             games.Status
}

// Payment is one of the payments service.
type Payment struct {
	ID, PurchaseID string
	Amount         money.Money
	Status         payments.Status
	// Cancelled says that the payment knows of the purchase's cancellation.
	Cancelled bool
}

// Charge is one entry in the provider's books.
type Charge struct {
	Key string
	// Reference is the purchase's id.
	Reference string
	Amount    money.Money
	// Times is how often money was taken under the key.
	Times int64
	// Refunded is how much went back, in minor units.
	Refunded int64
}

// Held is how much the provider holds, in minor units.
func (c Charge) Held() int64 { return c.Times*c.Amount.Amount - c.Refunded }

// Account is one of the users service.
type Account struct {
	ID      string
	Deleted bool
}

// HistoryEntry tells of a purchase.
type HistoryEntry struct {
	UserID, PurchaseID string
	Kind               users.EntryKind
}

// Event is a row of an outbox.
type Event struct{ File, ID, Key string }

// Message is one that is in the bus.
type Message struct {
	ID, Queue, Key string
	// Dead says that it is a dead letter, for the Reason.
	Dead   bool
	Reason string
}

// Told is what clients know, because an answer said so.
type Told struct {
	// Purchases were accepted (202), by id, with the last known status.
	Purchases map[string]Purchase
	// Accounts were made (201), by id.
	Accounts map[string]Account
	// Games were created, edited or deleted, by id.
	Games map[string]Game
	// Answers are all answers to each Idempotency-Key. Every one must be the first.
	Answers map[string][]Answer
}

// Answer is what a command with an Idempotency-Key was answered.
type Answer struct {
	PurchaseID string
	Status     games.Status
}
