package games_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

func details() games.GameDetails {
	return games.GameDetails{Name: "Go", Description: "stones", Category: "board", Price: price, ReleasedAt: start}
}

func TestACatalogueEntryHasVersions(t *testing.T) {
	s := open(t, games.Config{})
	g, err := s.CreateGame(t.Context(), games.CreateGame{GameDetails: details()})
	s.ok(err)
	s.equal("created", games.Game{
		ID: g.ID, Name: "Go", Description: "stones", Category: "board", Price: price, ReleasedAt: start,
		Version: 1, Revision: 1, CreatedAt: start, UpdatedAt: start,
	}, g)
	s.pass(time.Hour)
	d := details()
	d.Name = " Weiqi "
	_, err = s.UpdateGame(t.Context(), games.UpdateGame{GameID: g.ID, GameDetails: d})
	s.fails(err, games.ErrVersionRequired)
	_, err = s.UpdateGame(t.Context(), games.UpdateGame{GameID: g.ID, IfVersion: 2, GameDetails: d})
	s.fails(err, games.ErrVersionMismatch)
	edited, err := s.UpdateGame(t.Context(), games.UpdateGame{GameID: g.ID, IfVersion: 1, GameDetails: d})
	s.ok(err)
	s.equal("name and version", "Weiqi 2", edited.Name+" "+string(rune('0'+edited.Version)))
	s.equal("updated", start.Add(time.Hour), edited.UpdatedAt)
	_, err = s.UpdateGame(t.Context(), games.UpdateGame{GameID: g.ID, IfVersion: games.AnyVersion, GameDetails: d})
	s.ok(err)
	s.own("u", g.ID)
	s.fails(s.DeleteGame(t.Context(), games.DeleteGame{GameID: g.ID, IfVersion: 2}), games.ErrVersionMismatch)
	s.ok(s.DeleteGame(t.Context(), games.DeleteGame{GameID: g.ID, IfVersion: 3})) // a purchase is no edit
	s.fails(s.DeleteGame(t.Context(), games.DeleteGame{GameID: g.ID}), games.ErrGameNotFound)
	_, err = s.UpdateGame(t.Context(), games.UpdateGame{GameID: g.ID, IfVersion: 4, GameDetails: d})
	s.fails(err, games.ErrGameNotFound)
	s.equal("events", []games.EventName{
		games.GameCreated, games.GameUpdated, games.GameUpdated, games.GamePurchased, games.PurchaseCompleted, games.GameDeleted,
	}, s.events())
}

func TestBadGames(t *testing.T) {
	s := open(t, games.Config{})
	g := s.add("Chess", 1999)
	for name, tc := range map[string]struct {
		edit  func(*games.GameDetails)
		field string
	}{
		"no name":              {func(d *games.GameDetails) { d.Name = " \t" }, "name"},
		"long name":            {func(d *games.GameDetails) { d.Name = strings.Repeat("ä", 121) }, "name"},
		"name of two lines":    {func(d *games.GameDetails) { d.Name = "a\nb" }, "name"},
		"long description":     {func(d *games.GameDetails) { d.Description = strings.Repeat("ä", 4001) }, "description"},
		"no category":          {func(d *games.GameDetails) { d.Category = "" }, "category"},
		"category in capitals": {func(d *games.GameDetails) { d.Category = "Board" }, "category"},
		"negative price":       {func(d *games.GameDetails) { d.Price.Amount = -1 }, "price"},
		"huge price":           {func(d *games.GameDetails) { d.Price.Amount = money.MaxAmount + 1 }, "price"},
		"no currency":          {func(d *games.GameDetails) { d.Price.Currency = "" }, "price"},
		"no release":           {func(d *games.GameDetails) { d.ReleasedAt = time.Time{} }, "releasedAt"},
		"release too early":    {func(d *games.GameDetails) { d.ReleasedAt = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC) }, "releasedAt"},
		"release too late": {func(d *games.GameDetails) {
			d.ReleasedAt = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -7200))
		}, "releasedAt"},
	} {
		d := details()
		tc.edit(&d)
		_, created := s.CreateGame(t.Context(), games.CreateGame{GameDetails: d})
		_, updated := s.UpdateGame(t.Context(), games.UpdateGame{GameID: g.ID, IfVersion: 1, GameDetails: d})
		for _, err := range []error{created, updated} {
			if e := errs.From(err); e == nil || e.Class != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Name != tc.field {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	for _, id := range []string{"", "nobody", "a/b", "%00"} {
		_, err := s.GetGame(t.Context(), games.GetGame{GameID: id})
		s.fails(err, games.ErrGameNotFound)
		_, err = s.UpdateGame(t.Context(), games.UpdateGame{GameID: id, IfVersion: 1, GameDetails: details()})
		s.fails(err, games.ErrGameNotFound)
		s.fails(s.DeleteGame(t.Context(), games.DeleteGame{GameID: id}), games.ErrGameNotFound)
	}
	s.equal("events", 0, len(s.events()))
}

func TestSeedFillsAnEmptyCatalogueOnly(t *testing.T) {
	s := open(t, games.Config{})
	seed := []games.Game{
		{ID: "chess", Name: "Chess", Category: "board", Price: price, ReleasedAt: start, Purchases: 99, Version: 7},
		{ID: "go", Name: "Go", Category: "board", Price: price, ReleasedAt: start},
	}
	for _, bad := range []games.Game{{ID: "bad"}, {ID: "a/b", Name: "Chess", Category: "board", Price: price, ReleasedAt: start}} {
		_, err := s.Seed(t.Context(), []games.Game{bad})
		s.equal("a bad catalogue", errs.Invalid, errs.ClassOf(err))
	}
	for _, want := range []bool{true, false} {
		did, err := s.Seed(t.Context(), seed)
		s.ok(err)
		s.equal("seeded", want, did)
	}
	s.equal("events", []games.EventName{games.GameCreated, games.GameCreated}, s.events())
	g, err := s.GetGame(t.Context(), games.GetGame{GameID: "chess"})
	s.ok(err)
	s.equal("purchases, version", [2]int64{0, 1}, [2]int64{g.Purchases, g.Version})
	facets, err := s.ListCategories(t.Context())
	s.ok(err)
	s.equal("categories", []games.Facet{{Category: "board", Count: 2}}, facets)
}

func TestReindexBuildsTheIndexFromTheCatalogue(t *testing.T) {
	s := open(t, games.Config{})
	s.add("Chess", 1999)
	gone := s.add("Draughts", 1999)
	s.ok(s.DeleteGame(t.Context(), games.DeleteGame{GameID: gone.ID}))
	s.ok(s.Reindex(t.Context()))
	found, err := s.SearchGames(t.Context(), games.SearchQuery{})
	s.ok(err)
	s.equal("found", 1, len(found.Games))
	s.equal("name", "Chess", found.Games[0].Name)
}

// down is an index that cannot answer.
type down struct{}

func (down) Count(context.Context) (int64, error) { return 0, errs.New(errs.Unavailable, "", "down") }
func (down) Rebuild(context.Context, func(func(games.Game) error) error) error {
	return errs.New(errs.Unavailable, "", "down")
}
func (down) Put(context.Context, ...games.Game) error { return errs.New(errs.Unavailable, "", "down") }
func (down) Search(context.Context, games.SearchQuery) (games.SearchResult, error) {
	return games.SearchResult{}, errs.New(errs.Unavailable, "", "down")
}

func TestAnIndexThatIsDownStopsNothingElse(t *testing.T) {
	s := openWith(t, games.Config{}, down{})
	_, err := s.SearchGames(t.Context(), games.SearchQuery{})
	s.equal("search", errs.Unavailable, errs.ClassOf(err))
	g := s.add("Chess", 1999)
	s.equal("status", games.StatusCompleted, s.own("u", g.ID).Status)
	s.equal("recommended", "", s.recommended("u", 1))
	s.equal("the event waits", errs.Hold, errs.SettleOf(s.IndexGames(t.Context(), g.ID)))
}

func TestBadSearches(t *testing.T) {
	s := open(t, games.Config{})
	for field, q := range map[string]games.SearchQuery{
		"q":        {Text: strings.Repeat("ä", 201)},
		"category": {Category: "a b"},
		"sort":     {Sort: "name"},
		"limit":    {Limit: 101},
	} {
		_, err := s.SearchGames(t.Context(), q)
		if e := errs.From(err); e == nil || e.Class != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Name != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	for _, q := range []games.SearchQuery{{Text: "\xff"}, {Limit: -1}} {
		_, err := s.SearchGames(t.Context(), q)
		s.equal("class", errs.Invalid, errs.ClassOf(err))
	}
	for _, c := range []string{"x", strings.Repeat("a", 3000)} {
		_, err := s.SearchGames(t.Context(), games.SearchQuery{Cursor: c})
		s.fails(err, games.ErrInvalidCursor)
	}
}

func TestNewWantsEveryDependency(t *testing.T) {
	if _, err := games.New(games.Config{}, games.Deps{Logger: slog.Default()}); err == nil || errors.Is(err, games.ErrGameNotFound) {
		t.Errorf("got %v", err)
	}
}
