package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/contract"
	"gamestore.example/pkg/money"
)

// ReadCatalogue reads a catalogue to seed a store with: a JSON array of games, each
// with id, name, description, category, price ({"amount", "currency"} in minor
// units) and releasedAt. Whether the games are valid is found when they are stored.
func ReadCatalogue(r io.Reader) ([]games.Game, error) {
	var entries []struct {
		ID          string         `json:"id"`
		Name        string         `json:"name"`
		Description string         `json:"description"`
		Category    string         `json:"category"`
		Price       contract.Money `json:"price"`
		ReleasedAt  time.Time      `json:"releasedAt"`
	}
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields() // a misspelt price would be a free game
	if err := decoder.Decode(&entries); err != nil {
		return nil, fmt.Errorf("games: read a catalogue: %w", err)
	}
	catalogue := make([]games.Game, len(entries))
	for i, e := range entries {
		catalogue[i] = games.Game{
			ID: e.ID, Name: e.Name, Description: e.Description, Category: e.Category,
			Price: money.Money{Amount: e.Price.Amount, Currency: e.Price.Currency}, ReleasedAt: e.ReleasedAt,
		}
	}
	return catalogue, nil
}

// seedFrom seeds an empty store from a file, if there is one, and reports whether it did.
func (a *App) seedFrom(ctx context.Context, file string) (bool, error) {
	if file == "" {
		return false, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return false, fmt.Errorf("games: the seed: %w", err)
	}
	defer f.Close()
	catalogue, err := ReadCatalogue(f)
	if err != nil {
		return false, err
	}
	return a.Seed(ctx, catalogue)
}
