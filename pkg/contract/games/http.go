package games

import (
	"time"

	"gamestore.example/pkg/contract"
)

// GameDetails is the body of POST /api/games and of PUT /api/games/{id}.
type GameDetails struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Category    string         `json:"category"`
	Price       contract.Money `json:"price"`
	ReleasedAt  time.Time      `json:"releasedAt"`
}

// Game is an entry of the catalogue. Its ETag is the quoted Version.
type Game struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Category    string         `json:"category"`
	Price       contract.Money `json:"price"`
	ReleasedAt  time.Time      `json:"releasedAt"`
	// Purchases counts completed purchases that were not refunded.
	Purchases int64 `json:"purchases"`
	// Version counts edits of the entry, not purchases.
	Version int64 `json:"version"`
}

// Facet is how many games a category has, or how many of them match.
type Facet struct {
	Category string `json:"category"`
	Count    int64  `json:"count"`
}

// GamePage answers GET /api/games.
type GamePage struct {
	Items []Game `json:"items"`
	// Facets counts what matches the text, by category, whatever category was asked for.
	Facets     []Facet `json:"facets"`
	NextCursor string  `json:"nextCursor,omitempty"`
}

// Categories answers GET /api/categories.
type Categories struct {
	Items []Facet `json:"items"`
}

// PurchaseRequest is the optional body of POST /api/games/{gameId}/purchase.
type PurchaseRequest struct {
	// PaymentMethod is an opaque token of the payment provider, never card data.
	PaymentMethod string `json:"paymentMethod,omitempty"`
	// ExpectedPrice refuses the purchase if the price is another.
	ExpectedPrice *contract.Money `json:"expectedPrice,omitempty"`
}

// Purchase is one try to own a game. Its ETag changes with its status.
type Purchase struct {
	ID     string         `json:"id"`
	GameID string         `json:"gameId"`
	Price  contract.Money `json:"price"`
	// Status is pending, completed, failed, cancelled, refunding or refunded.
	Status string `json:"status"`
	// FailureReason is a stable word: why it failed, or why its last refund did.
	FailureReason string    `json:"failureReason,omitempty"`
	CreatedAt     time.Time `json:"createdAt"`
	UpdatedAt     time.Time `json:"updatedAt"`
	// CompletedAt is where the refund window starts.
	CompletedAt *time.Time `json:"completedAt,omitempty"`
}

// PurchasePage answers GET /api/me/purchases, the newest first.
type PurchasePage = contract.Page[Purchase]

// LibraryItem is a game that the person owns.
type LibraryItem struct {
	Game       Game   `json:"game"`
	PurchaseID string `json:"purchaseId"`
	// Status is completed, or refunding until the money is back.
	Status      string    `json:"status"`
	PurchasedAt time.Time `json:"purchasedAt"`
}

// LibraryPage answers GET /api/me/library, the newest purchase first.
type LibraryPage = contract.Page[LibraryItem]

// Recommendation is a suggested game.
type Recommendation struct {
	Game Game `json:"game"`
	// Reason is "category", because the person buys games of Category, or "popular".
	Reason   string `json:"reason"`
	Category string `json:"category,omitempty"`
}

// Recommendations answers GET /api/me/recommendations, the best first.
type Recommendations struct {
	Items []Recommendation `json:"items"`
}

// PurchaseEvent is the name of the server-sent events of
// GET /api/purchases/{id}/events; their data is a Purchase.
const PurchaseEvent = "purchase"
