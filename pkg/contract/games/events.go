// Package games is the contract of the games service.
package games

import (
	"time"

	"gamestore.example/pkg/contract"
)

// Source is the CloudEvents source of this producer.
const Source = "/games"

// Version is the major version of every event below; changes inside it only add.
const Version = "v1"

// Routing keys.
const (
	KeyGameCreated             = "game.created"
	KeyGameUpdated             = "game.updated"
	KeyGameDeleted             = "game.deleted"
	KeyGamePurchased           = "game.purchased"
	KeyPurchaseCompleted       = "purchase.completed"
	KeyPurchaseFailed          = "purchase.failed"
	KeyPurchaseCancelled       = "purchase.cancelled"
	KeyPurchaseRefundRequested = "purchase.refund_requested"
	KeyPurchaseRefunded        = "purchase.refunded"
)

// GameChanged is the payload of game.created, game.updated and game.deleted. It
// names the game and its revision; who needs more asks the games service.
type GameChanged struct {
	GameID   string    `json:"gameId"`
	Revision int64     `json:"revision"`
	At       time.Time `json:"at"`
}

// GamePurchased asks for a payment. It may be published again, with another
// event id, for a purchase that stays pending: who consumes it does nothing
// twice for one PurchaseID, and answers again with the end it knows.
type GamePurchased struct {
	PurchaseID string         `json:"purchaseId"`
	GameID     string         `json:"gameId"`
	UserID     string         `json:"userId"`
	Price      contract.Money `json:"price"`
	// PaymentMethod is an opaque token of the payment provider; empty means the
	// provider's default. It is never card data.
	PaymentMethod string    `json:"paymentMethod,omitempty"`
	PurchasedAt   time.Time `json:"purchasedAt"`
}

// PurchaseChanged is the payload of the purchase.* events.
type PurchaseChanged struct {
	PurchaseID string         `json:"purchaseId"`
	GameID     string         `json:"gameId"`
	UserID     string         `json:"userId"`
	Price      contract.Money `json:"price"`
	// PaymentID is set once a payment is known; a free game has none.
	PaymentID string `json:"paymentId,omitempty"`
	// Reason is set on purchase.failed: the payment's stable reason.
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}
