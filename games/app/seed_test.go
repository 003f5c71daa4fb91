package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/games"
	"gamestore.example/games/app"
	"gamestore.example/pkg/money"
)

const twoGames = `[
	{"id": "whist", "name": "Whist", "description": "", "category": "cards", "price": {"amount": 1999, "currency": "BRL"}, "releasedAt": "2024-03-14T00:00:00Z"},
	{"id": "bridge", "name": "Bridge", "category": "cards", "price": {"amount": 0, "currency": "BRL"}, "releasedAt": "2024-03-14T00:00:00Z"}
]`

func TestReadCatalogue(t *testing.T) {
	got, err := app.ReadCatalogue(strings.NewReader(twoGames))
	if err != nil {
		t.Fatal(err)
	}
	released := time.Date(2024, 3, 14, 0, 0, 0, 0, time.UTC)
	want := []games.Game{
		{ID: "whist", Name: "Whist", Category: "cards", Price: money.Money{Amount: 1999, Currency: "BRL"}, ReleasedAt: released},
		{ID: "bridge", Name: "Bridge", Category: "cards", Price: money.Money{Currency: "BRL"}, ReleasedAt: released},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, document := range map[string]string{"not JSON": "games", "misspelt": `[{"id": "whist", "prize": 1}]`} {
		if _, err := app.ReadCatalogue(strings.NewReader(document)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAnEmptyStoreBeginsWithTheSeedAndIsNeverSeededAgain(t *testing.T) {
	dir := t.TempDir()
	cfg := app.Defaults()
	cfg.DSN, cfg.Search = "sqlite:"+filepath.Join(dir, "games.db"), "bleve:"+filepath.Join(dir, "games.bleve")
	cfg.Seed = filepath.Join(dir, "seed.json")
	found := func(document string) []string {
		t.Helper()
		if err := os.WriteFile(cfg.Seed, []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
		p := start(t, cfg)
		defer p.stop()
		page, err := p.Service().SearchGames(t.Context(), games.SearchQuery{Limit: 10, Sort: games.SortNewest})
		p.ok(err)
		var ids []string
		for _, g := range page.Games {
			ids = append(ids, g.ID)
		}
		slices.Sort(ids)
		return ids
	}
	if diff := cmp.Diff([]string{"bridge", "whist"}, found(twoGames)); diff != "" {
		t.Errorf("the first start (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"bridge", "whist"}, found(strings.ReplaceAll(twoGames, "whist", "poker"))); diff != "" {
		t.Errorf("a later start (-want +got):\n%s", diff)
	}
}
