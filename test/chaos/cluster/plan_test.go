package cluster

import (
	"errors"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func summary(plan []Fault) []string {
	var all []string
	for _, f := range plan {
		all = append(all, f.String())
	}
	return all
}

func TestAPlanVisitsEveryKind(t *testing.T) {
	all := Choice{Mount: true}
	kinds := all.Kinds()
	if without := (Choice{}).Kinds(); len(kinds) != len(without)+1 {
		t.Errorf("%d kinds with a disk to fill, %d without", len(kinds), len(without))
	}
	plan := Plan(3*len(kinds), 7, all)
	if diff := cmp.Diff(summary(plan), summary(Plan(3*len(kinds), 7, all))); diff != "" {
		t.Errorf("the same seed gives another plan:\n%s", diff)
	}
	if cmp.Equal(summary(plan), summary(Plan(3*len(kinds), 8, all))) {
		t.Error("another seed gives the same plan")
	}
	for round := range 3 {
		seen := map[string]bool{}
		for i, f := range plan[round*len(kinds) : (round+1)*len(kinds)] {
			seen[f.Kind] = true
			if want := round*len(kinds) + i + 1; f.Number != want {
				t.Errorf("fault %d has the number %d", want, f.Number)
			}
		}
		if len(seen) != len(kinds) {
			t.Errorf("round %d visits %d kinds, want %d", round, len(seen), len(kinds))
		}
	}
}

func TestAFaultIsWithinTheBoundsOfItsKind(t *testing.T) {
	for _, f := range Plan(2000, 9, Choice{Mount: true}) {
		k := f.kind
		if (k.most > 0 && f.Hit < 1) || f.Hit > k.most || f.For < k.least || f.For > k.longest+time.Millisecond {
			t.Errorf("%v is out of range", f)
		}
		if (k.do == nil) != (f.Hit > 0) {
			t.Errorf("%v does nothing, or two things", f)
		}
	}
}

func TestVictimsAreTakenOnce(t *testing.T) {
	v, back := newVictims(), make(chan struct{})
	if !v.take("games") || v.take("games") {
		t.Error("a victim is taken twice, or never")
	}
	if !v.take("users") {
		t.Error("one victim protects another")
	}
	failed := errors.New("no luck")
	go v.lead("games", func() error { <-back; return failed })
	go v.lead("users", func() error { return nil })
	if err := v.failure(); err != nil {
		t.Error(err)
	}
	close(back)
	if err := v.wait(); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if !v.take("games") {
		t.Error("a victim that is back cannot be taken")
	}
}

func TestTheMemoryOfAProcess(t *testing.T) {
	if got := resident(os.Getpid()); got < 1<<20 || got > 1<<34 {
		t.Errorf("this process uses %d bytes", got)
	}
	if got := resident(1 << 30); got != 0 {
		t.Errorf("nobody uses %d bytes", got)
	}
}

func TestAChoiceOfKinds(t *testing.T) {
	c := Choice{Only: regexp.MustCompile("^RabbitMQ: kill")}
	if diff := cmp.Diff([]string{"RabbitMQ: kill -9"}, c.Kinds()); diff != "" {
		t.Error(diff)
	}
	for _, f := range Plan(3, 1, c) {
		if f.Kind != "RabbitMQ: kill -9" {
			t.Errorf("%v was not chosen", f)
		}
	}
	if plan := Plan(3, 1, Choice{Only: regexp.MustCompile("nothing like it")}); plan != nil {
		t.Errorf("nothing was chosen, and the plan is %v", plan)
	}
}
