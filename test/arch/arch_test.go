package arch_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/test/arch"
)

// root returns the folder of go.work.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.work above the test")
		}
	}
}

func TestTheHouseKeepsTheLaw(t *testing.T) {
	graph, files, err := arch.Load(t.Context(), root(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(graph) < 10 || len(files) < 30 {
		t.Fatalf("only %d packages and %d files found: this proves nothing", len(graph), len(files))
	}
	for _, v := range arch.Check(graph) {
		t.Error(v)
	}
	seen := map[string]bool{}
	for _, f := range files {
		seen[f.Name] = true
		for _, v := range arch.CheckFile(f) {
			t.Error(v)
		}
	}
	for name := range arch.Exceptions() {
		if !seen[name] {
			t.Errorf("the exception for %s is for nothing", name)
		}
	}
}

// edge is one line of testdata/imports.txt.
type edge struct {
	line            int
	verdict         string
	from, to        string
	allowed, inTest bool
}

func edges(t *testing.T) []edge {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "imports.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []edge
	for i, line := range strings.Split(string(b), "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if len(f) != 4 || f[2] != "->" || !slices.Contains([]string{"allowed", "forbidden", "testallowed", "testforbidden"}, f[0]) {
			t.Fatalf("imports.txt:%d: cannot read %q", i+1, line)
		}
		e := edge{line: i + 1, verdict: f[0], from: arch.House + f[1], to: f[3]}
		e.inTest = strings.HasPrefix(f[0], "test")
		e.allowed = strings.HasSuffix(f[0], "allowed")
		switch std, ok := strings.CutPrefix(e.to, "std:"); {
		case ok:
			e.to = std
		case !strings.Contains(strings.Split(e.to, "/")[0], "."):
			e.to = arch.House + e.to
		}
		all = append(all, e)
	}
	return all
}

func TestTheLawOnFixtures(t *testing.T) {
	for _, e := range edges(t) {
		p := arch.Package{Path: e.from, Imports: []string{e.to}}
		if e.inTest {
			p = arch.Package{Path: e.from, TestImports: []string{e.to}}
		}
		if found := arch.Check([]arch.Package{p}); (len(found) == 0) != e.allowed {
			t.Errorf("imports.txt:%d: %s -> %s is %s, but Check says %v", e.line, e.from, e.to, e.verdict, found)
		}
	}
}

// TestEveryLayerHasFixtures keeps the fixtures complete: each layer must be seen
// to allow something and, unless it may import all of the house, to refuse something.
func TestEveryLayerHasFixtures(t *testing.T) {
	all := edges(t)
	has := func(l arch.Layer, inTest, allowed bool) bool {
		return slices.ContainsFunc(all, func(e edge) bool {
			return e.inTest == inTest && e.allowed == allowed && arch.In(l, e.from)
		})
	}
	for inTest, law := range map[bool][]arch.Layer{false: arch.Law(), true: arch.TestLaw()} {
		for _, l := range law {
			if !has(l, inTest, true) {
				t.Errorf("no import of %q (%s) is shown to be allowed", l.Who, l.Name)
			}
			if !slices.Contains(l.May, "...") && !has(l, inTest, false) {
				t.Errorf("no import of %q (%s) is shown to be forbidden", l.Who, l.Name)
			}
		}
	}
}

func parse(t *testing.T, pkg, name string, src any) arch.File {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, name, src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return arch.File{Package: arch.House + pkg, Name: filepath.ToSlash(name), Fset: fset, AST: tree}
}

// TestSourcesOnFixtures compares what is found with the "// want:" comments: the
// names that a line's violations have, in order.
func TestSourcesOnFixtures(t *testing.T) {
	for file, pkg := range map[string]string{"state.go": "pkg/fixture", "root.go": "games"} {
		name := filepath.Join("testdata", "source", file)
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, got := map[string]int{}, map[string]int{}
		for i, line := range strings.Split(string(b), "\n") {
			if _, names, ok := strings.Cut(line, "// want: "); ok {
				want[fmt.Sprintf("%s:%d", filepath.ToSlash(name), i+1)] = len(strings.Split(names, ", "))
				for _, v := range arch.CheckFile(parse(t, pkg, name, b)) {
					if v.Where == fmt.Sprintf("%s:%d", filepath.ToSlash(name), i+1) && !slices.ContainsFunc(strings.Split(names, ", "), func(n string) bool { return strings.Contains(v.What, n) }) {
						t.Errorf("%v names none of %s", v, names)
					}
				}
			}
		}
		for _, v := range arch.CheckFile(parse(t, pkg, name, b)) {
			got[v.Where]++
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", file, d)
		}
	}
}

func TestWhereTheSourceRulesDoNotApply(t *testing.T) {
	const state = "\nvar counter int\n\nfunc init() {}\n"
	clock := "\nimport \"time\"\n\nfunc f() time.Time { return time.Now() }\n"
	for _, tc := range []struct {
		pkg, name, src string
		want           int
	}{
		{"pkg/x", "pkg/x/x.go", "package x" + state, 2},
		{"pkg/x", "pkg/x/x_test.go", "package x" + state, 0},
		{"games/cmd/games", "games/cmd/games/main.go", "package main" + state, 0},
		{"pkg/fault", "pkg/fault/fault_on.go", "package fault" + state, 0},
		{"games", "games/x.go", "package games" + clock, 1},
		{"games", "games/x_test.go", "package games" + clock, 0},
		{"games/app", "games/app/app.go", "package app" + clock, 0},
		{"pkg/auth", "pkg/auth/x.go", "package auth" + clock, 0},
		{"games/cmd/games", "games/cmd/games/main.go", "package main" + strings.Repeat("\n", arch.MainLines-1), 0},
		{"games/cmd/games", "games/cmd/games/main.go", "package main" + strings.Repeat("\n", arch.MainLines+1), 1},
		{"games/cmd/games", "games/cmd/games/help.go", "package main" + strings.Repeat("\n", arch.MainLines+1), 0},
	} {
		if got := arch.CheckFile(parse(t, tc.pkg, tc.name, tc.src)); len(got) != tc.want {
			t.Errorf("%s: %v, want %d", tc.name, got, tc.want)
		}
	}
}
