package bleve_test

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gamestore.example/games"
	"gamestore.example/games/adapter/bleve"
)

// builtIndex returns a closed index of 300 games in more than one segment.
func builtIndex(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir)
	mustRebuild(t, s, 290)
	for _, id := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		mustPut(t, s, game(id, 1))
	}
	mustClose(t, s)
	return dir
}

// copyOf returns a copy of an index.
func copyOf(t *testing.T, index string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(index)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// matching returns the files that match the pattern.
func matching(t *testing.T, dir, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no file %s: %v", pattern, err)
	}
	return files
}

// change rewrites files. All of them, because some may be left over.
func change(pattern string, edit func([]byte) []byte) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		for _, file := range matching(t, dir, pattern) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, edit(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func remove(pattern string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		for _, file := range matching(t, dir, pattern) {
			if err := os.RemoveAll(file); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestDamage(t *testing.T) {
	const segment, root = "generation-*/*.zap", "generation-*/root.bolt"
	half := func(b []byte) []byte { return b[:len(b)/2] }
	empty := func([]byte) []byte { return nil }
	garbage := func(b []byte) []byte { return bytes.Repeat([]byte{0xa5}, len(b)) }
	flip := func(b []byte) []byte { b[len(b)/3] ^= 1; return b }
	replace := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte { return []byte(strings.Replace(string(b), from, to, 1)) }
	}
	whole := builtIndex(t)
	for name, damage := range map[string]func(t *testing.T, dir string){
		"a segment is cut":             change(segment, half),
		"a segment is empty":           change(segment, empty),
		"a segment is garbage":         change(segment, garbage),
		"a segment has a flipped bit":  change(segment, flip),
		"a segment is gone":            remove(segment),
		"the root is cut":              change(root, func(b []byte) []byte { return b[:8192] }),
		"the root is empty":            change(root, empty),
		"the root is garbage":          change(root, garbage),
		"the root is gone":             remove(root),
		"the generation is gone":       remove("generation-*"),
		"the pointer is garbage":       change("current.json", garbage),
		"the pointer is empty":         change("current.json", empty),
		"the pointer is gone":          remove("current.json"),
		"the pointer leads elsewhere":  change("current.json", replace("generation-", "../../etc-")),
		"the format is another":        change("current.json", replace(`"format":`, `"format":9`)),
		"the lock and a segment break": func(t *testing.T, dir string) { change("lock.bolt", garbage)(t, dir); change(segment, flip)(t, dir) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyOf(t, whole)
			damage(t, dir)
			var log bytes.Buffer
			s, err := bleve.NewSearch(bleve.Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatalf("NewSearch: %v", err)
			}
			t.Cleanup(func() { mustClose(t, s) })
			wantNeedsRebuild(t, s, true)
			wantCount(t, s, 0)
			if !strings.Contains(log.String(), "needs a rebuild") {
				t.Errorf("the log does not say why: %q", log.String())
			}
			mustPut(t, s, game("a", 1))
			mustRebuild(t, s, 50)
			wantCount(t, s, 50)
			mustClose(t, s)

			s = open(t, dir)
			wantNeedsRebuild(t, s, false)
			wantCount(t, s, 50)
		})
	}
}

func TestABrokenLockAloneLosesNothing(t *testing.T) {
	whole := builtIndex(t)
	for name, edit := range map[string]func([]byte) []byte{
		"cut":     func(b []byte) []byte { return b[:100] },
		"empty":   func([]byte) []byte { return nil },
		"garbage": func(b []byte) []byte { return bytes.Repeat([]byte{0xa5}, len(b)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyOf(t, whole)
			change("lock.bolt", edit)(t, dir)
			s := open(t, dir)
			wantNeedsRebuild(t, s, false)
			wantCount(t, s, 300)
		})
	}
}

// TestRandomDamage flips bytes anywhere in the segments: each time the index must either be
// whole or ask for a rebuild.
func TestRandomDamage(t *testing.T) {
	rounds := 40
	if testing.Short() {
		rounds = 10
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	whole := builtIndex(t)
	for range rounds {
		dir := copyOf(t, whole)
		files := matching(t, dir, "generation-*/*.zap")
		file := files[r.IntN(len(files))]
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + r.IntN(3) {
			b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
		}
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		if !s.NeedsRebuild() {
			wantCount(t, s, 300)
			if res, err := s.Search(t.Context(), games.SearchQuery{Text: "qiet numbes", Limit: 100}); err != nil || len(res.Games) != 100 {
				t.Errorf("Search = %d games, %v", len(res.Games), err)
			}
		}
		mustRebuild(t, s, 3)
		mustClose(t, s)
	}
}
