package arch_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/test/arch"
)

// TestAPlantedViolationIsFound builds a small house with one violation of each
// kind, and one file of each kind that could be overlooked.
func TestAPlantedViolationIsFound(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.work":                    "go 1.26.0\n\nuse (\n\t./games\n\t./users\n)\n",
		"users/go.mod":               "module gamestore.example/users\n\ngo 1.26.0\n",
		"users/users.go":             "package users\n\nimport _ \"time\"\n",
		"users/users_test.go":        "package users_test\n\nimport _ \"gamestore.example/games\"\n",
		"games/go.mod":               "module gamestore.example/games\n\ngo 1.26.0\n",
		"games/games.go":             "package games\n\nimport _ \"database/sql\"\n",
		"games/tagged.go":            "//go:build faults\n\npackage games\n\nimport _ \"gamestore.example/users\"\n",
		"games/endpoints/e.go":       "package endpoints\n\nvar state int\n",
		"games/endpoints/testdata/x": "not Go, and not looked at",
		"games/helpers/h.go":         "package helpers\n",
	} {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	graph, files, err := arch.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range arch.Check(graph) {
		got = append(got, v.String())
	}
	for _, f := range files {
		for _, v := range arch.CheckFile(f) {
			got = append(got, v.String())
		}
	}
	slices.Sort(got)
	want := []string{
		"games/endpoints/e.go:3: variable state at package level: pass it, or make it a constant or a function",
		"gamestore.example/games/helpers: belongs to no layer of the law",
		"gamestore.example/games: imports database/sql: a service root must not use this part of the standard library",
		"gamestore.example/games: imports gamestore.example/users: a service root may not",
		"gamestore.example/users: imports gamestore.example/games: a service's tests may not",
	}
	if d := cmp.Diff(want, slices.Compact(got)); d != "" {
		t.Error(d)
	}
}
