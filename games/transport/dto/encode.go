package dto

import (
	"gamestore.example/games"
	contractgames "gamestore.example/pkg/contract/games"
)

// Game maps a game.
func Game(g games.Game) contractgames.Game {
	return contractgames.Game{
		ID: g.ID, Name: g.Name, Description: g.Description, Category: g.Category, Price: Money(g.Price), ReleasedAt: g.ReleasedAt.UTC(),
		Purchases: g.Purchases, Version: g.Version,
	}
}

// Facet maps a category with its count.
func Facet(f games.Facet) contractgames.Facet {
	return contractgames.Facet{Category: f.Category, Count: f.Count}
}

// GamePage maps a page of the index.
func GamePage(r games.SearchResult) contractgames.GamePage {
	return contractgames.GamePage{Items: all(r.Games, Game), Facets: all(r.Facets, Facet), NextCursor: r.NextCursor}
}

// Categories maps the categories.
func Categories(fs []games.Facet) contractgames.Categories {
	return contractgames.Categories{Items: all(fs, Facet)}
}

// Purchase maps a purchase. Its version is not in the body: transports have it beside it, as an entity tag.
func Purchase(p games.Purchase) contractgames.Purchase {
	b := contractgames.Purchase{
		ID: p.ID, GameID: p.GameID, Price: Money(p.Price), Status: string(p.Status), FailureReason: p.FailureReason,
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
	if !p.CompletedAt.IsZero() {
		at := p.CompletedAt.UTC()
		b.CompletedAt = &at
	}
	return b
}

// PurchasePage maps a page of purchases.
func PurchasePage(page games.PurchasePage) contractgames.PurchasePage {
	return contractgames.PurchasePage{Items: all(page.Purchases, Purchase), NextCursor: page.NextCursor}
}

// LibraryPage maps a page of a library.
func LibraryPage(page games.LibraryPage) contractgames.LibraryPage {
	return contractgames.LibraryPage{NextCursor: page.NextCursor, Items: all(page.Items, func(o games.OwnedGame) contractgames.LibraryItem {
		return contractgames.LibraryItem{
			Game: Game(o.Game), PurchaseID: o.Purchase.ID, Status: string(o.Purchase.Status), PurchasedAt: o.Purchase.CompletedAt.UTC(),
		}
	})}
}

// Recommendations maps suggestions.
func Recommendations(rs []games.Recommendation) contractgames.Recommendations {
	return contractgames.Recommendations{Items: all(rs, func(r games.Recommendation) contractgames.Recommendation {
		return contractgames.Recommendation{Game: Game(r.Game), Reason: string(r.Reason), Category: r.Category}
	})}
}
