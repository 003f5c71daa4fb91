package bleve_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/games/adapter/bleve"
)

// killed is set in the process that TestKilled kills.
const killed = "GAMESTORE_TEST_KILLED_DIR"

// putUntilKilled puts games for ever, tells each one that is durable on standard
// output, and rebuilds the index again and again. before is what the repository holds.
func putUntilKilled(dir string, before []string) error {
	s, err := bleve.NewSearch(bleve.Config{Dir: dir, Logger: slog.Default()})
	if err != nil {
		return err
	}
	ctx := context.Background()
	start := time.Now().UnixNano()
	repository := slices.Clone(before)
	var mu sync.Mutex
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("put-%d-%d-%d", start, w, i)
				mu.Lock()
				repository = append(repository, id)
				mu.Unlock()
				if err := s.Put(ctx, game(id, 1)); err != nil {
					panic(err)
				}
				fmt.Println(id)
			}
		}()
	}
	for {
		err := s.Rebuild(ctx, func(yield func(games.Game) error) error {
			mu.Lock()
			all := slices.Clone(repository)
			mu.Unlock()
			for _, id := range all {
				if err := yield(game(id, 1)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// TestKilled kills a process that puts and rebuilds, again and again on the same
// directory: each game whose Put returned must be there.
func TestKilled(t *testing.T) {
	kills := 8
	if testing.Short() {
		kills = 3
	}
	dir := t.TempDir()
	var durable []string
	for range kills {
		durable = append(durable, runAndKill(t, dir, durable)...)
		s := open(t, dir)
		missing := map[string]bool{}
		for _, id := range durable {
			missing[id] = true
		}
		q := games.SearchQuery{Sort: games.SortPriceAsc, Limit: 100}
		for {
			r, err := s.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range r.Games {
				delete(missing, g.ID)
			}
			if q.Cursor = r.NextCursor; q.Cursor == "" {
				break
			}
		}
		if len(missing) > 0 {
			t.Fatalf("%d of %d durable games are gone", len(missing), len(durable))
		}
		mustClose(t, s)
	}
	t.Logf("%d durable games over %d kills", len(durable), kills)
}

// runAndKill returns the games that the process called durable before its end.
func runAndKill(t *testing.T, dir string, before []string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], before...)
	cmd.Env = append(os.Environ(), killed+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The moment of the kill is random in what the process does, not in time.
	left := 1 + rand.IntN(150)
	var ids []string
	for lines := bufio.NewScanner(out); lines.Scan(); left-- {
		if ids = append(ids, lines.Text()); left == 0 {
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	return ids
}
