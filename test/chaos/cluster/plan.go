package cluster

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"time"

	"gamestore.example/test/chaos/crowd"
)

// Fault is one thing to go wrong.
type Fault struct {
	// Number counts the faults of a run, from 1.
	Number int
	// Kind is its row in the report.
	Kind string
	// Hit is which hit of its point a process dies at; 0 for a fault from outside.
	Hit int
	// For is how long it lasts, or when it comes.
	For time.Duration
	// Seed is for what else the fault leaves to chance.
	Seed uint64

	kind kind
}

// String says which fault it is.
func (f Fault) String() string {
	if f.Hit > 0 {
		return fmt.Sprintf("fault %d (%s#%d)", f.Number, f.Kind, f.Hit)
	}
	return fmt.Sprintf("fault %d (%s, %v)", f.Number, f.Kind, f.For)
}

// Choice says which kinds of faults a run has.
type Choice struct {
	// Mount says that the data is on a small file system, which may be filled.
	Mount bool
	// Only is what the names of the kinds have to match; nil means all.
	Only *regexp.Regexp
}

// Kinds returns the names of the kinds of faults.
func (c Choice) Kinds() []string {
	var names []string
	for _, k := range c.kinds() {
		names = append(names, k.name)
	}
	return names
}

func (c Choice) kinds() []kind {
	return slices.DeleteFunc(kinds(c.Mount), func(k kind) bool { return c.Only != nil && !c.Only.MatchString(k.name) })
}

// Plan returns n faults, round robin over all kinds, in an order and at moments that
// follow from the seed.
func Plan(n int, seed uint64, c Choice) []Fault {
	r, all := crowd.Dice(seed, 0), c.kinds()
	if len(all) == 0 {
		return nil
	}
	plan := make([]Fault, 0, n)
	for i := range n {
		if i%len(all) == 0 {
			r.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		}
		plan = append(plan, all[i%len(all)].fault(i+1, r))
	}
	return plan
}

func (k kind) fault(number int, r *rand.Rand) Fault {
	f := Fault{Number: number, Kind: k.name, Seed: r.Uint64(), kind: k}
	if k.most > 0 {
		f.Hit = 1 + r.IntN(k.most)
	}
	if k.longest > 0 {
		f.For = (k.least + time.Duration(r.Int64N(int64(k.longest-k.least+1)))).Round(time.Millisecond)
	}
	return f
}
