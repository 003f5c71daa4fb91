package games

import "time"

// EventName says what happened. The names equal the routing keys of the contract.
type EventName string

// The events of the service.
const (
	GameCreated             EventName = "game.created"
	GameUpdated             EventName = "game.updated"
	GameDeleted             EventName = "game.deleted"
	GamePurchased           EventName = "game.purchased"
	PurchaseCompleted       EventName = "purchase.completed"
	PurchaseFailed          EventName = "purchase.failed"
	PurchaseCancelled       EventName = "purchase.cancelled"
	PurchaseRefundRequested EventName = "purchase.refund_requested"
	PurchaseRefunded        EventName = "purchase.refunded"
)

// Event is a fact to publish. It is stored in the transaction of the change.
type Event struct {
	// ID is unique per event; transitions leave it empty and the Shop fills it.
	ID   string
	Name EventName
	At   time.Time
	// Game is set on the game.* events but for game.purchased.
	Game Game
	// Purchase is set on all others, as it is after the change.
	Purchase Purchase
}

// Outcome is what an event from elsewhere did.
type Outcome string

// The outcomes.
const (
	// Applied changed something.
	Applied Outcome = "applied"
	// Duplicate was handled before: the same message, or the same fact.
	Duplicate Outcome = "duplicate"
	// Ignored is expected in this state and means nothing for it.
	Ignored Outcome = "ignored"
	// Contradiction cannot be true together with what is known. It changed
	// nothing, and somebody should look.
	Contradiction Outcome = "contradiction"
	// Refused ended in the dead letters, such as another amount. Somebody has to look.
	Refused Outcome = "refused"
)
