// Package dto maps between what the payments service works with and the DTOs of its
// contract, for all transports, in both directions.
package dto

import (
	"time"

	"gamestore.example/payments"
	"gamestore.example/pkg/contract"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/money"
)

// Payment maps a payment as its owner sees it.
func Payment(p payments.Payment) contractpayments.Payment {
	body := contractpayments.Payment{
		ID: p.ID, PurchaseID: p.PurchaseID, Amount: contract.Money{Amount: p.Amount.Amount, Currency: p.Amount.Currency},
		Provider: p.Provider, Status: string(p.Status), FailureReason: p.Reason,
		Attempts:  make([]contractpayments.Attempt, 0, len(p.Attempts)),
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
	for _, a := range p.Attempts {
		attempt := contractpayments.Attempt{
			Number: a.Number, Kind: string(a.Kind), StartedAt: a.StartedAt.UTC(), Outcome: string(a.Outcome), Reason: a.Reason,
		}
		if !a.Open() {
			finished := a.FinishedAt.UTC()
			attempt.FinishedAt = &finished
		}
		body.Attempts = append(body.Attempts, attempt)
	}
	return body
}

// ToPayment is the inverse of Payment. What the contract does not tell is empty.
func ToPayment(b contractpayments.Payment) payments.Payment {
	p := payments.Payment{
		ID: b.ID, PurchaseID: b.PurchaseID, Amount: money.Money{Amount: b.Amount.Amount, Currency: b.Amount.Currency},
		Provider: b.Provider, Status: payments.Status(b.Status), Reason: b.FailureReason,
		CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt,
	}
	for _, a := range b.Attempts {
		var finished time.Time
		if a.FinishedAt != nil {
			finished = *a.FinishedAt
		}
		p.Attempts = append(p.Attempts, payments.Attempt{
			Number: a.Number, Kind: payments.Kind(a.Kind), StartedAt: a.StartedAt, FinishedAt: finished,
			Outcome: payments.Outcome(a.Outcome), Reason: a.Reason,
		})
	}
	return p
}
