// Package catalogue is the example catalogue that a fresh store begins with. The
// games are invented.
package catalogue

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/money"
)

// currency is the ISO 4217 code of every price.
const currency = "BRL"

//go:embed games.json
var document []byte

// Games returns the catalogue. The ids are readable and never change.
func Games() ([]games.Game, error) {
	var entries []struct {
		ID, Name, Description, Category string
		// Price is in minor units.
		Price      int64
		ReleasedAt time.Time
	}
	if err := json.Unmarshal(document, &entries); err != nil {
		return nil, fmt.Errorf("the example catalogue: %w", err)
	}
	catalogue := make([]games.Game, len(entries))
	for i, e := range entries {
		catalogue[i] = games.Game{
			ID: e.ID, Name: e.Name, Description: e.Description, Category: e.Category,
			Price: money.Money{Amount: e.Price, Currency: currency}, ReleasedAt: e.ReleasedAt,
		}
	}
	return catalogue, nil
}
