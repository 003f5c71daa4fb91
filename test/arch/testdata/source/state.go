// Package fixture breaks the rules about package-level state, one line each.
package fixture

import (
	"embed"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"gamestore.example/pkg/errs"
)

var _ fmt.Stringer = (*thing)(nil)

// ErrA and the others are errors, which nobody changes.
var ErrA = errors.New("a")

var (
	errB = fmt.Errorf("b: %w", ErrA)
	errC = errs.New(errs.NotFound, "c", "no c")
	errD = errs.New(errs.NotFound, "d", "no d").WithDetail("k", "v").WithCause(ErrA)
)

//go:embed *.sql
var files embed.FS

var (
	//go:embed one.json
	one []byte
)

const limit = 3

var counter int // want: counter

var (
	pattern     = regexp.MustCompile(`x`) // want: pattern
	first, last = 1, 2                    // want: first, last
	cache       = map[string]int{}        // want: cache
	once        sync.Once                 // want: once
	errE        error                     // want: errE
	made        = newThing()              // want: made
)

func init() {} // want: init

type thing struct{}

// init is a method, which does not run by itself.
func (*thing) init() {}

func newThing() *thing {
	var local int
	_ = local
	return &thing{}
}
