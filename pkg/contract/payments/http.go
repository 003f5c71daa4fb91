package payments

import (
	"time"

	"gamestore.example/pkg/contract"
)

// Payment is a payment as its owner sees it.
type Payment struct {
	ID         string         `json:"id"`
	PurchaseID string         `json:"purchaseId"`
	Amount     contract.Money `json:"amount"`
	Provider   string         `json:"provider"`
	Status     string         `json:"status"`
	// FailureReason is a stable word: why it failed or needs a review, or why the last
	// refund was refused.
	FailureReason string    `json:"failureReason,omitempty"`
	Attempts      []Attempt `json:"attempts"`
	CreatedAt     time.Time `json:"createdAt"`
	UpdatedAt     time.Time `json:"updatedAt"`
}

// Attempt is one call to the provider, or one thing that it told by itself.
type Attempt struct {
	Number    int       `json:"number"`
	Kind      string    `json:"kind"`
	StartedAt time.Time `json:"startedAt"`
	// FinishedAt is nil, and Outcome empty, while it is under way.
	FinishedAt *time.Time `json:"finishedAt,omitempty"`
	Outcome    string     `json:"outcome,omitempty"`
	Reason     string     `json:"reason,omitempty"`
}
