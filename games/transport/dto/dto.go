// Package dto maps between what the games service works with and the DTOs of its
// contract, for all transports, in both directions.
package dto

import (
	"slices"

	"gamestore.example/games"
	"gamestore.example/pkg/contract"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

// all maps a list; none is an empty list, not null.
func all[A, B any](as []A, f func(A) B) []B {
	bs := make([]B, 0, len(as))
	for _, a := range as {
		bs = append(bs, f(a))
	}
	return bs
}

// Money maps an amount.
func Money(m money.Money) contract.Money { return contract.Money(m) }

// Status reads the status that a caller knows.
func Status(s string) (games.Status, error) {
	known := games.Status(s)
	if !slices.Contains(games.Statuses(), known) {
		return "", errs.InvalidFields(errs.Field{Name: "status", Message: "is not a status of a purchase"})
	}
	return known, nil
}

// Details maps what an editor writes of a game.
func Details(d games.GameDetails) contractgames.GameDetails {
	return contractgames.GameDetails{
		Name: d.Name, Description: d.Description, Category: d.Category, Price: Money(d.Price), ReleasedAt: d.ReleasedAt.UTC(),
	}
}

// ToDetails is the inverse of Details.
func ToDetails(b contractgames.GameDetails) games.GameDetails {
	return games.GameDetails{
		Name: b.Name, Description: b.Description, Category: b.Category, Price: money.Money(b.Price), ReleasedAt: b.ReleasedAt,
	}
}

// PurchaseRequest maps what a buyer may say.
func PurchaseRequest(c games.PurchaseGame) contractgames.PurchaseRequest {
	b := contractgames.PurchaseRequest{PaymentMethod: c.PaymentMethod}
	if c.ExpectedPrice != nil {
		expected := Money(*c.ExpectedPrice)
		b.ExpectedPrice = &expected
	}
	return b
}

// ToPurchaseGame is the inverse of PurchaseRequest. What is not in the body is
// given beside it.
func ToPurchaseGame(gameID, idempotencyKey string, b contractgames.PurchaseRequest) games.PurchaseGame {
	c := games.PurchaseGame{GameID: gameID, PaymentMethod: b.PaymentMethod, IdempotencyKey: idempotencyKey}
	if b.ExpectedPrice != nil {
		expected := money.Money(*b.ExpectedPrice)
		c.ExpectedPrice = &expected
	}
	return c
}
