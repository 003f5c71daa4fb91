package chaos_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/test/chaos"
	"gamestore.example/test/chaos/cluster"
)

// TestEveryPointOfTheCodeIsKilledAt reads all sources of the workspace, so that a
// new fault point cannot be forgotten here.
func TestEveryPointOfTheCodeIsKilledAt(t *testing.T) {
	var inCode, listed []string
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && len(d.Name()) > 2 && strings.HasPrefix(d.Name(), "."), d.IsDir() && d.Name() == "testdata":
			return fs.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		inCode = append(inCode, pointsIn(t, path)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range chaos.Points() {
		listed = append(listed, p.Name)
	}
	listed = append(listed, cluster.Points()...)
	slices.Sort(inCode)
	slices.Sort(listed)
	if diff := cmp.Diff(slices.Compact(inCode), slices.Compact(listed)); diff != "" {
		t.Errorf("points of the code (-) and of the plans (+):\n%s", diff)
	}
}

// pointsIn returns the names of the fault points in a file.
func pointsIn(t *testing.T, path string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Point" {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); !ok || x.Name != "fault" {
			return true
		}
		lit, ok := call.Args[0].(*ast.BasicLit)
		if !ok {
			t.Errorf("%s: the name of a fault point is no literal", path)
			return true
		}
		name, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Error(err)
		}
		names = append(names, name)
		return true
	})
	return names
}

func TestAPlanVisitsEveryKind(t *testing.T) {
	const kinds = 12 + 3
	if len(chaos.Points()) != kinds-3 {
		t.Fatalf("%d points: this test knows of %d", len(chaos.Points()), kinds-3)
	}
	plan := chaos.Plan(3*kinds, 7)
	if diff := cmp.Diff(plan, chaos.Plan(3*kinds, 7)); diff != "" {
		t.Errorf("the same seed gives another plan:\n%s", diff)
	}
	if cmp.Equal(plan, chaos.Plan(3*kinds, 8)) {
		t.Error("another seed gives the same plan")
	}
	for round := range 3 {
		seen := map[string]bool{}
		for i, k := range plan[round*kinds : (round+1)*kinds] {
			seen[k.Name] = true
			if k.Number != round*kinds+i+1 {
				t.Errorf("kill %d has the number %d", round*kinds+i+1, k.Number)
			}
		}
		if len(seen) != kinds {
			t.Errorf("round %d visits %d kinds, want %d", round, len(seen), kinds)
		}
	}
	for _, k := range chaos.Plan(1000, 9) {
		i := slices.IndexFunc(chaos.Points(), func(p chaos.Point) bool { return p.Name == k.Name })
		if i >= 0 && (k.Hit < 1 || k.Hit > chaos.Points()[i].Most) {
			t.Errorf("%v is out of range", k)
		}
	}
}
