package chaos

import (
	"fmt"
	"time"

	"gamestore.example/test/chaos/crowd"
)

// Point is a place where the store kills itself.
type Point struct {
	// Name is what the code calls it: fault.Point(name).
	Name string
	// Most is the latest of its hits that a run chooses. A second or two of load make
	// so many.
	Most int
}

// Points returns every fault point of the code.
func Points() []Point {
	return []Point{
		{Name: "sqldb.before-commit", Most: 600},
		{Name: "sqldb.after-commit", Most: 600},
		{Name: "outbox.after-claim", Most: 120},
		{Name: "outbox.after-publish", Most: 120},
		{Name: "outbox.before-mark-sent", Most: 120},
		{Name: "bus.after-append", Most: 120},
		{Name: "bus.before-handler", Most: 300},
		{Name: "bus.before-ack", Most: 300},
		{Name: "bus.before-settle", Most: 120},
		{Name: "bus.after-settle", Most: 120},
		{Name: "payments.before-charge", Most: 80},
		{Name: "payments.after-charge", Most: 80},
	}
}

// Kills from outside, wherever the store happens to be.
const (
	// OutsideStart is while it starts.
	OutsideStart = "outside: start"
	// OutsideLoad is while it sells.
	OutsideLoad = "outside: load"
	// OutsideDrain is while it stops by SIGTERM.
	OutsideDrain = "outside: drain"
)

// CleanStop is no kill: SIGTERM, under load and at rest.
const CleanStop = "SIGTERM"

// Kill is one death to be.
type Kill struct {
	// Number counts the kills of a run, from 1.
	Number int
	// Name is a Point or one of the kills from outside.
	Name string
	// Hit is which hit of the Point it is; 0 for a kill from outside.
	Hit int
	// After is how long a kill from outside waits.
	After time.Duration
}

// fault is what arms the store for the kill.
func (k Kill) fault() string {
	if k.Hit == 0 {
		return ""
	}
	return fmt.Sprintf("%s#%d", k.Name, k.Hit)
}

// String says which kill it is.
func (k Kill) String() string {
	if k.Hit == 0 {
		return fmt.Sprintf("kill %d (%s after %v)", k.Number, k.Name, k.After)
	}
	return fmt.Sprintf("kill %d (%s)", k.Number, k.fault())
}

// Plan returns n kills, round robin over all points and the kills from outside, in
// an order and at hits that follow from the seed.
func Plan(n int, seed uint64) []Kill {
	r := crowd.Dice(seed, 0)
	var kinds []Kill
	for _, p := range Points() {
		kinds = append(kinds, Kill{Name: p.Name, Hit: p.Most})
	}
	kinds = append(kinds,
		Kill{Name: OutsideStart, After: 400 * time.Millisecond},
		Kill{Name: OutsideLoad, After: time.Second},
		Kill{Name: OutsideDrain, After: 300 * time.Millisecond},
	)
	plan := make([]Kill, 0, n)
	for i := range n {
		if i%len(kinds) == 0 {
			r.Shuffle(len(kinds), func(a, b int) { kinds[a], kinds[b] = kinds[b], kinds[a] })
		}
		k := kinds[i%len(kinds)]
		k.Number = i + 1
		if k.Hit > 0 {
			k.Hit = 1 + r.IntN(k.Hit)
		} else {
			k.After = time.Duration(r.Int64N(int64(k.After))).Round(time.Millisecond)
		}
		plan = append(plan, k)
	}
	return plan
}
