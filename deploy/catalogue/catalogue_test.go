package catalogue_test

import (
	"testing"
	"time"

	"gamestore.example/deploy/catalogue"
	"gamestore.example/games"
)

func TestTheCatalogueIsFitForAStore(t *testing.T) {
	all, err := catalogue.Games()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)
	ids, names, categories := map[string]bool{}, map[string]bool{}, map[string]int{}
	free, announced := 0, 0
	for _, g := range all {
		if err := g.Validate(); err != nil || !games.ValidID(g.ID) {
			t.Errorf("%s: %v", g.ID, err)
		}
		if ids[g.ID] || names[g.Name] {
			t.Errorf("%s is there twice", g.Name)
		}
		ids[g.ID], names[g.Name] = true, true
		categories[g.Category]++
		if g.Price.IsZero() {
			free++
		}
		if !g.Available(now) {
			announced++
		}
	}
	if len(all) < 40 || len(categories) != 8 || free != 3 || announced != 1 {
		t.Errorf("%d games in %d categories, %d free, %d announced; want at least 40 in 8, 3 and 1", len(all), len(categories), free, announced)
	}
}
