// Package dto maps between what the users service works with and the DTOs of its
// contract, for all transports, in both directions.
package dto

import (
	"time"

	"gamestore.example/pkg/contract"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/money"
	"gamestore.example/users"
)

// User maps an account as its owner sees it.
func User(u users.User) contractusers.User {
	return contractusers.User{ID: u.ID, Email: u.Email, Name: u.Name, Roles: u.Roles, CreatedAt: u.CreatedAt.UTC()}
}

// Tokens maps what a login gives.
func Tokens(t users.Tokens) contractusers.Tokens {
	return contractusers.Tokens{
		AccessToken: t.Access.Value, TokenType: contractusers.TokenType,
		ExpiresIn: int64(t.ExpiresIn / time.Second), RefreshToken: t.Refresh,
	}
}

// ToTokens is the inverse of Tokens. Neither the id nor the exact end of the access
// token is known outside.
func ToTokens(b contractusers.Tokens) users.Tokens {
	return users.Tokens{
		Access: users.AccessToken{Value: b.AccessToken}, ExpiresIn: time.Duration(b.ExpiresIn) * time.Second, Refresh: b.RefreshToken,
	}
}

func entry(e users.Entry) contractusers.HistoryEntry {
	body := contractusers.HistoryEntry{
		Kind: string(e.Kind), At: e.At.UTC(), PurchaseID: e.PurchaseID, GameID: e.GameID, Reason: e.Reason,
	}
	if e.Kind.OfPurchase() {
		body.Price = &contract.Money{Amount: e.Price.Amount, Currency: e.Price.Currency}
	}
	return body
}

// HistoryPage maps a page of a history.
func HistoryPage(page users.HistoryPage) contractusers.HistoryPage {
	body := contractusers.HistoryPage{Items: make([]contractusers.HistoryEntry, 0, len(page.Entries)), NextCursor: page.NextCursor}
	for _, e := range page.Entries {
		body.Items = append(body.Items, entry(e))
	}
	return body
}

// ToUser is the inverse of User.
func ToUser(b contractusers.User) users.User {
	return users.User{ID: b.ID, Email: b.Email, Name: b.Name, Roles: b.Roles, CreatedAt: b.CreatedAt}
}

// ToHistoryPage is the inverse of HistoryPage. What the contract does not tell is empty.
func ToHistoryPage(b contractusers.HistoryPage) users.HistoryPage {
	page := users.HistoryPage{NextCursor: b.NextCursor}
	for _, item := range b.Items {
		e := users.Entry{Kind: users.EntryKind(item.Kind), At: item.At, PurchaseID: item.PurchaseID, GameID: item.GameID, Reason: item.Reason}
		if item.Price != nil {
			e.Price = money.Money{Amount: item.Price.Amount, Currency: item.Price.Currency}
		}
		page.Entries = append(page.Entries, e)
	}
	return page
}
