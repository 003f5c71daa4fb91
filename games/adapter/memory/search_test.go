package memory_test

import (
	"testing"

	"gamestore.example/games/adapter/memory"
	"gamestore.example/games/gamestest"
)

func TestSearch(t *testing.T) {
	gamestest.RunSearch(t, func(*testing.T) gamestest.SearchHarness {
		return gamestest.SearchHarness{Search: memory.NewSearch()}
	}, gamestest.SearchFeatures{})
}
