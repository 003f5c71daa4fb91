package dto

import (
	"gamestore.example/games"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/money"
)

// ToGame is the inverse of Game.
func ToGame(b contractgames.Game) games.Game {
	return games.Game{
		ID: b.ID, Name: b.Name, Description: b.Description, Category: b.Category, Price: money.Money(b.Price), ReleasedAt: b.ReleasedAt,
		Purchases: b.Purchases, Version: b.Version,
	}
}

// ToFacet is the inverse of Facet.
func ToFacet(b contractgames.Facet) games.Facet {
	return games.Facet{Category: b.Category, Count: b.Count}
}

// ToFacets is the inverse of Categories.
func ToFacets(b contractgames.Categories) []games.Facet { return all(b.Items, ToFacet) }

// ToResult is the inverse of GamePage.
func ToResult(b contractgames.GamePage) games.SearchResult {
	return games.SearchResult{Games: all(b.Items, ToGame), Facets: all(b.Facets, ToFacet), NextCursor: b.NextCursor}
}

// ToPurchase is the inverse of Purchase. What the contract does not tell is empty.
func ToPurchase(b contractgames.Purchase) games.Purchase {
	p := games.Purchase{
		ID: b.ID, GameID: b.GameID, Price: money.Money(b.Price), Status: games.Status(b.Status), FailureReason: b.FailureReason,
		CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt,
	}
	if b.CompletedAt != nil {
		p.CompletedAt = *b.CompletedAt
	}
	return p
}

// ToPurchases is the inverse of PurchasePage.
func ToPurchases(b contractgames.PurchasePage) games.PurchasePage {
	return games.PurchasePage{Purchases: all(b.Items, ToPurchase), NextCursor: b.NextCursor}
}

// ToLibrary is the inverse of LibraryPage.
func ToLibrary(b contractgames.LibraryPage) games.LibraryPage {
	return games.LibraryPage{NextCursor: b.NextCursor, Items: all(b.Items, func(i contractgames.LibraryItem) games.OwnedGame {
		return games.OwnedGame{Game: ToGame(i.Game), Purchase: games.Purchase{
			ID: i.PurchaseID, GameID: i.Game.ID, Status: games.Status(i.Status), CompletedAt: i.PurchasedAt,
		}}
	})}
}

// ToRecommendations is the inverse of Recommendations.
func ToRecommendations(b contractgames.Recommendations) []games.Recommendation {
	return all(b.Items, func(r contractgames.Recommendation) games.Recommendation {
		return games.Recommendation{Game: ToGame(r.Game), Reason: games.Reason(r.Reason), Category: r.Category}
	})
}
