package arch

import (
	"slices"
	"strings"
)

// Package is one package and what it imports, as full import paths.
type Package struct {
	Path string
	// Imports are those of all files but tests, TestImports those of test files.
	Imports, TestImports []string
}

// Violation is one broken line of the law.
type Violation struct {
	// Where is a package's path or a file's position.
	Where string
	// What says what is wrong, for the one who has to mend it.
	What string
}

// String returns the violation in one line.
func (v Violation) String() string { return v.Where + ": " + v.What }

// Check returns all violations of the import law in a graph.
func Check(graph []Package) []Violation {
	law, testLaw := expand(Law()), expand(TestLaw())
	var found []Violation
	for _, p := range graph {
		found = append(found, checkImports(law, p.Path, p.Imports)...)
		found = append(found, checkSuites(p)...)
		found = append(found, checkImports(testLaw, p.Path, p.TestImports)...)
	}
	return found
}

// expand replaces "{svc}" by each service.
func expand(law []Layer) []Layer {
	var all []Layer
	for _, l := range law {
		if !strings.Contains(l.Who, "{svc}") {
			all = append(all, l)
			continue
		}
		for _, svc := range Services() {
			one := l
			one.Who = strings.ReplaceAll(l.Who, "{svc}", svc)
			one.May = nil
			for _, m := range l.May {
				one.May = append(one.May, strings.ReplaceAll(m, "{svc}", svc))
			}
			all = append(all, one)
		}
	}
	return all
}

func checkImports(law []Layer, from string, imports []string) []Violation {
	who := strings.TrimPrefix(from, House)
	var name string
	i := slices.IndexFunc(law, func(l Layer) (ok bool) { name, ok = matches(l.Who, who, ""); return ok })
	if i < 0 {
		return []Violation{{from, "belongs to no layer of the law"}}
	}
	var found []Violation
	for _, path := range imports {
		if why := law[i].refuses(path, name); why != "" {
			found = append(found, Violation{from, "imports " + path + ": " + why})
		}
	}
	return found
}

// refuses returns why the layer may not import a path, or "". name is what "{name}"
// stands for.
func (l Layer) refuses(path, name string) string {
	is := func(pattern string) bool {
		_, ok := matches(pattern, strings.TrimPrefix(path, House), name)
		return ok
	}
	switch {
	case strings.HasPrefix(path, House):
		if !slices.ContainsFunc(l.May, is) {
			return "a " + l.Name + " may not"
		}
	case strings.Contains(strings.Split(path, "/")[0], "."):
		if !l.Outside {
			return "a " + l.Name + " imports nothing from outside"
		}
	case slices.ContainsFunc(l.Never, is):
		return "a " + l.Name + " must not use this part of the standard library"
	}
	return ""
}

// matches reports whether a path is in a pattern, and what its "{name}" stands
// for. A name given must be that one.
func matches(pattern, path, name string) (string, bool) {
	if pattern == "..." {
		return name, true
	}
	pattern, below := strings.CutSuffix(pattern, "/...")
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(have) < len(want) || len(have) > len(want) && !below {
		return "", false
	}
	for i, w := range want {
		switch {
		case w == have[i]:
		case w == "{name}" && (name == "" || name == have[i]):
			name = have[i]
		default:
			return "", false
		}
	}
	return name, true
}

// checkSuites finds contract suites in what is no test: they link the package
// testing into a program.
func checkSuites(p Package) []Violation {
	if isSuite(p.Path) || strings.HasPrefix(p.Path, House+"test/") {
		return nil
	}
	var found []Violation
	for _, path := range p.Imports {
		if isSuite(path) || path == "testing" || strings.HasPrefix(path, "testing/") && path != "testing/fstest" {
			found = append(found, Violation{p.Path, "imports " + path + ": only tests and suites do"})
		}
	}
	return found
}

// isSuite reports whether a package of the house is a contract suite.
func isSuite(path string) bool {
	return strings.HasPrefix(path, House) && strings.HasSuffix(path, "test")
}

// In reports whether a package, by its full path, belongs to the layer.
func In(l Layer, path string) bool {
	return slices.ContainsFunc(expand([]Layer{l}), func(one Layer) bool {
		_, ok := matches(one.Who, strings.TrimPrefix(path, House), "")
		return ok
	})
}
