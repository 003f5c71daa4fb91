package load

import (
	"testing"

	"gamestore.example/games"
)

func purchaseInProcess(b *testing.B) {
	l := startStore(b)
	l.prepare(b.N)
	concurrently(b, func() error { return l.buy(l.local) })
}

func purchaseThroughGateway(b *testing.B) {
	l := startStore(b)
	l.prepare(b.N)
	concurrently(b, func() error { return l.buy(l.client) })
}

func gameThroughGateway(b *testing.B) {
	l := startStore(b)
	client, url := newClient(), l.url+"/api/games/"+l.paid[0]
	concurrently(b, func() error { return get(b.Context(), client, url) })
}

// searchSmall looks for a mistyped word in the catalogue of a fresh store.
func searchSmall(b *testing.B) {
	l := startStore(b)
	ctx := b.Context()
	concurrently(b, func() error {
		_, err := l.local.SearchGames(ctx, games.SearchQuery{Text: "stratgy", Limit: 20})
		return err
	})
}

// readGame is the cheapest question to the store: one row by its key.
func readGame(b *testing.B) {
	l := startStore(b)
	ctx := b.Context()
	concurrently(b, func() error {
		_, err := l.local.GetGame(ctx, games.GetGame{GameID: l.paid[0]})
		return err
	})
}
