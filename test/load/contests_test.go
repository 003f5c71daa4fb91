package load_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"gamestore.example/pkg/bus/rabbit/private"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/test/load"
)

// Every side of every contest does what it is measured for, and ends what it began. How
// fast does not matter here, and few clients are enough.
func TestContests(t *testing.T) {
	if !private.Installed() {
		rabbittest.Start(t) // it says what is missing, and fails where nothing may be
	}
	programs := t.TempDir()
	if err := load.BuildPrograms(t.Context(), programs); err != nil {
		t.Fatal(err)
	}
	broker, err := load.StartBroker(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Stop(); err != nil {
			t.Error(err)
		}
	})
	for c, contest := range load.Contests() {
		for s, side := range contest.Sides {
			t.Run(contest.Name+"/"+side.Name, func(t *testing.T) {
				place, err := broker.Place(t.Context(), filepath.Join(t.TempDir(), fmt.Sprint(c, s)), programs, 4)
				if err != nil {
					t.Fatal(err)
				}
				playOnce(t, side, place)
			})
		}
	}
}

func playOnce(t *testing.T, side load.Side, place load.Place) {
	player, err := side.Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := player.Round(t.Context(), 500*time.Millisecond); err != nil {
		t.Error(err)
	}
	if err := player.Close(); err != nil {
		t.Error(err)
	}
}
