package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// File is one parsed source file.
type File struct {
	// Package is the import path of the file's package.
	Package string
	// Name is the file's path relative to the root of the repository.
	Name string
	Fset *token.FileSet
	AST  *ast.File
}

// CheckFile returns the violations in one file. Tests and contract suites may do
// what they like.
func CheckFile(f File) []Violation {
	switch {
	case strings.HasSuffix(f.Name, "_test.go"), strings.HasSuffix(f.AST.Name.Name, "test"):
		return nil
	case f.AST.Name.Name == "main":
		return f.checkLength()
	}
	found := f.checkClock()
	if _, ok := Exceptions()[f.Name]; ok {
		return found
	}
	for _, d := range f.AST.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == "init" {
				found = append(found, f.violation(d, "func init: let a constructor do it"))
			}
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				found = append(found, f.checkVars(d)...)
			}
		}
	}
	return found
}

func (f File) violation(at ast.Node, what string) Violation {
	return Violation{fmt.Sprintf("%s:%d", f.Name, f.Fset.Position(at.Pos()).Line), what}
}

func (f File) checkLength() []Violation {
	if path.Base(f.Name) != "main.go" {
		return nil
	}
	if n := f.Fset.File(f.AST.Pos()).LineCount(); n > MainLines {
		return []Violation{f.violation(f.AST, fmt.Sprintf("main.go has %d lines, more than %d", n, MainLines))}
	}
	return nil
}

// checkVars finds variables that could be changed: those that are no check of an
// interface, no error and no embedded file.
func (f File) checkVars(d *ast.GenDecl) []Violation {
	var found []Violation
	for _, s := range d.Specs {
		spec, ok := s.(*ast.ValueSpec)
		if !ok || embedded(d.Doc) || embedded(spec.Doc) {
			continue
		}
		for i, name := range spec.Names {
			if name.Name == "_" || i < len(spec.Values) && isError(spec.Values[i]) {
				continue
			}
			found = append(found, f.violation(name, "variable "+name.Name+" at package level: pass it, or make it a constant or a function"))
		}
	}
	return found
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// isError reports whether an expression makes an error: errs.New, errors.New or
// fmt.Errorf, with or without methods called on it.
func isError(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	if !ok {
		return isError(sel.X)
	}
	return slices.Contains([]string{"errs.New", "errors.New", "fmt.Errorf"}, pkg.Name+"."+sel.Sel.Name)
}

// checkClock finds the clock in a service's root package, where time is an
// argument.
func (f File) checkClock() []Violation {
	if !slices.Contains(Services(), strings.TrimPrefix(f.Package, House)) {
		return nil
	}
	name := importName(f.AST, "time")
	var found []Violation
	ast.Inspect(f.AST, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == name && readsClock(sel.Sel.Name) {
			found = append(found, f.violation(sel, "time."+sel.Sel.Name+" in a service's root: take a func() time.Time"))
		}
		return true
	})
	return found
}

func readsClock(function string) bool {
	return slices.Contains([]string{"Now", "Since", "Until"}, function)
}

// importName returns the name that a file knows an import by, or "".
func importName(f *ast.File, path string) string {
	for _, i := range f.Imports {
		if i.Path.Value != `"`+path+`"` {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return path[strings.LastIndex(path, "/")+1:]
	}
	return ""
}
