package arch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Load reads all packages of the workspace at root and their files, whatever
// build tags these have.
func Load(ctx context.Context, root string) ([]Package, []File, error) {
	listed, err := list(ctx, root)
	if err != nil {
		return nil, nil, err
	}
	var graph []Package
	var files []File
	for _, l := range listed {
		p := Package{Path: l.ImportPath}
		for _, name := range l.files() {
			f, err := parse(root, l, name)
			if err != nil {
				return nil, nil, err
			}
			files = append(files, f)
			p.add(f)
		}
		graph = append(graph, p)
	}
	return graph, files, nil
}

// listed is a package as "go list -json" tells it.
type listed struct {
	Dir, ImportPath                                              string
	GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
}

func (l listed) files() []string {
	return slices.Concat(l.GoFiles, l.CgoFiles, l.IgnoredGoFiles, l.TestGoFiles, l.XTestGoFiles)
}

func list(ctx context.Context, root string) ([]listed, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-json=Dir,ImportPath,GoFiles,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles", "work")
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, &stdout, &stderr
	cmd.Env = append(os.Environ(), "GOWORK="+filepath.Join(root, "go.work"), "GOFLAGS=")
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	var all []listed
	for dec := json.NewDecoder(&stdout); ; {
		var l listed
		err := dec.Decode(&l)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, l)
	}
}

func parse(root string, l listed, name string) (File, error) {
	full := filepath.Join(l.Dir, name)
	rel, err := filepath.Rel(root, full)
	if err != nil {
		return File{}, err
	}
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, full, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return File{}, err
	}
	return File{Package: l.ImportPath, Name: filepath.ToSlash(rel), Fset: fset, AST: tree}, nil
}

// add adds the imports of a file.
func (p *Package) add(f File) {
	to := &p.Imports
	if strings.HasSuffix(f.Name, "_test.go") {
		to = &p.TestImports
	}
	for _, i := range f.AST.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err == nil && !slices.Contains(*to, path) {
			*to = append(*to, path)
		}
	}
}
