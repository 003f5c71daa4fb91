package users

import (
	"time"

	"gamestore.example/pkg/contract"
)

// SignUpRequest is the body of POST /api/users.
type SignUpRequest struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Name     string `json:"name"`
}

// User is an account as its owner sees it.
type User struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Roles     []string  `json:"roles"`
	CreatedAt time.Time `json:"createdAt"`
}

// LoginRequest is the body of POST /api/auth/login.
type LoginRequest struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// RefreshRequest is the body of POST /api/auth/refresh and of POST /api/auth/logout.
type RefreshRequest struct {
	RefreshToken string `json:"refreshToken"`
}

// TokenType is the only type of Tokens: RFC 6750.
const TokenType = "Bearer"

// Tokens answers a login and a refresh.
type Tokens struct {
	AccessToken string `json:"accessToken"`
	TokenType   string `json:"tokenType"`
	// ExpiresIn is how many seconds the access token lives.
	ExpiresIn int64 `json:"expiresIn"`
	// RefreshToken is good for one exchange.
	RefreshToken string `json:"refreshToken"`
}

// UpdateProfileRequest is the body of PATCH /api/users/me.
type UpdateProfileRequest struct {
	Name string `json:"name"`
}

// ChangePasswordRequest is the body of POST /api/users/me/password.
type ChangePasswordRequest struct {
	CurrentPassword string `json:"currentPassword"`
	NewPassword     string `json:"newPassword"`
}

// HistoryEntry is a line of an account's history.
type HistoryEntry struct {
	// Kind is "signed-up", "password-changed", "purchase-completed",
	// "purchase-failed", "purchase-cancelled", "purchase-refund-requested" or
	// "purchase-refunded". There may be more one day.
	Kind string    `json:"kind"`
	At   time.Time `json:"at"`
	// PurchaseID, GameID and Price are there when the entry tells of a purchase.
	PurchaseID string          `json:"purchaseId,omitempty"`
	GameID     string          `json:"gameId,omitempty"`
	Price      *contract.Money `json:"price,omitempty"`
	// Reason is the stable word of a failed purchase.
	Reason string `json:"reason,omitempty"`
}

// HistoryPage answers GET /api/users/me/history, the newest entry first.
type HistoryPage = contract.Page[HistoryEntry]
