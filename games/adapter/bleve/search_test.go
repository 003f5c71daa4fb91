package bleve_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"gamestore.example/games/adapter/bleve"
	"gamestore.example/games/gamestest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killed); dir != "" {
		fmt.Fprintln(os.Stderr, putUntilKilled(dir, os.Args[1:]))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// open returns an index that is closed after the test.
func open(t testing.TB, dir string) *bleve.Search {
	t.Helper()
	s, err := bleve.NewSearch(bleve.Config{Dir: dir})
	if err != nil {
		t.Fatalf("NewSearch: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestSearch(t *testing.T) {
	gamestest.RunSearch(t, func(t *testing.T) gamestest.SearchHarness {
		return gamestest.SearchHarness{Search: open(t, t.TempDir())}
	}, gamestest.SearchFeatures{})
}

func TestSearchInMemory(t *testing.T) {
	gamestest.RunSearch(t, func(t *testing.T) gamestest.SearchHarness {
		return gamestest.SearchHarness{Search: open(t, "")}
	}, gamestest.SearchFeatures{})
}
