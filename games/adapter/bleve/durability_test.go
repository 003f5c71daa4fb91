package bleve_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/games/adapter/bleve"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

func game(id string, revision int64) games.Game {
	return games.Game{
		ID: id, Name: "Game " + id, Category: "puzzle", Description: "A quiet game about numbers.", Price: money.Money{Amount: 990, Currency: "BRL"},
		ReleasedAt: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Version: 1, Revision: revision,
	}
}

// source yields n games with revision 1.
func source(n int) func(yield func(games.Game) error) error {
	return func(yield func(games.Game) error) error {
		for i := range n {
			if err := yield(game(fmt.Sprintf("source-%04d", i), 1)); err != nil {
				return err
			}
		}
		return nil
	}
}

func mustPut(t *testing.T, s *bleve.Search, gs ...games.Game) {
	t.Helper()
	if err := s.Put(t.Context(), gs...); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

func mustRebuild(t *testing.T, s *bleve.Search, n int) {
	t.Helper()
	if err := s.Rebuild(t.Context(), source(n)); err != nil {
		t.Fatalf("Rebuild: %v", err)
	}
}

func mustClose(t *testing.T, s *bleve.Search) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

func wantCount(t *testing.T, s *bleve.Search, want int64) {
	t.Helper()
	if n, err := s.Count(t.Context()); err != nil || n != want {
		t.Errorf("Count = %d, %v; want %d", n, err, want)
	}
}

func wantNeedsRebuild(t *testing.T, s *bleve.Search, want bool) {
	t.Helper()
	if got := s.NeedsRebuild(); got != want {
		t.Errorf("NeedsRebuild = %t, want %t", got, want)
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	wantNeedsRebuild(t, s, true)
	mustPut(t, s, game("a", 2), game("gone", 1))
	mustPut(t, s, games.Game{ID: "gone", Revision: 5, Deleted: true})
	mustClose(t, s)

	s = open(t, dir)
	wantNeedsRebuild(t, s, true) // nobody filled it
	wantCount(t, s, 1)
	mustPut(t, s, game("gone", 4), game("a", 1)) // both are stale
	wantCount(t, s, 1)
	mustRebuild(t, s, 7)
	wantNeedsRebuild(t, s, false)
	mustClose(t, s)

	// A crash in a rebuild leaves a generation that nothing points to.
	if err := os.Mkdir(filepath.Join(dir, "generation-000077"), 0o700); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	wantNeedsRebuild(t, s, false)
	wantCount(t, s, 7)
	if dirs, _ := filepath.Glob(filepath.Join(dir, "generation-*")); len(dirs) != 1 {
		t.Errorf("old generations stay: %v", dirs)
	}
}

func TestAfterClose(t *testing.T) {
	s := open(t, t.TempDir())
	mustClose(t, s)
	mustClose(t, s)
	_, searchErr := s.Search(t.Context(), games.SearchQuery{Limit: 1})
	_, countErr := s.Count(t.Context())
	for name, err := range map[string]error{
		"Put": s.Put(t.Context(), game("a", 1)), "Search": searchErr, "Count": countErr, "Rebuild": s.Rebuild(t.Context(), source(1)),
	} {
		if errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("%s after Close: %v, want Unavailable", name, err)
		}
	}
}

func TestCloseEndsARebuild(t *testing.T) {
	s := open(t, t.TempDir())
	begun, closed := make(chan struct{}), make(chan error, 1)
	go func() {
		<-begun
		closed <- s.Close()
	}()
	err := s.Rebuild(t.Context(), func(yield func(games.Game) error) error {
		for i := 0; ; i++ {
			if err := yield(game(fmt.Sprint(i), 1)); err != nil {
				return err
			}
			if i == 0 {
				close(begun)
			}
		}
	})
	if errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("Rebuild = %v, want Unavailable", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestLockedByAnother(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	begin := time.Now()
	_, err := bleve.NewSearch(bleve.Config{Dir: dir})
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("NewSearch took %v", took)
	}
	if errs.CodeOf(err) != bleve.ErrLocked.Code || errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("NewSearch = %v, want ErrLocked", err)
	}
	mustPut(t, s, game("a", 1))
	mustClose(t, s)
	wantCount(t, open(t, dir), 1)
}

// TestWriteFails hides the directory, so that nothing can be written: like a full disk.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	mustRebuild(t, s, 20)
	dirs, err := filepath.Glob(filepath.Join(dir, "generation-*"))
	if err != nil || len(dirs) != 1 {
		t.Fatal(dirs, err)
	}
	hidden := filepath.Join(dir, "hidden")
	if err := os.Rename(dirs[0], hidden); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.Put(t.Context(), game("a", 2)); errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("Put = %v, want Unavailable", err)
		}
		wantCount(t, s, 20) // searches go on
		if r, err := s.Search(t.Context(), games.SearchQuery{Text: "numbers", Limit: 5}); err != nil || len(r.Games) != 5 {
			t.Errorf("Search = %d games, %v", len(r.Games), err)
		}
	}
	if err := os.Rename(hidden, dirs[0]); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, game("a", 2)) // the same revision: it must not pass for known
	mustPut(t, s, game("b", 1))
	mustClose(t, s)
	wantCount(t, open(t, dir), 22)
}
