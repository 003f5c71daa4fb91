package crowd

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/games"
	"gamestore.example/test/chaos/oracle"
)

func in(status games.Status) oracle.Purchase { return oracle.Purchase{ID: "p", Status: status} }

func TestANotebookKeepsTheFurthestStatus(t *testing.T) {
	n := NewNotebook()
	for _, step := range []struct{ seen, want games.Status }{
		{games.StatusPending, games.StatusPending},
		{games.StatusCompleted, games.StatusCompleted},
		{games.StatusPending, games.StatusCompleted}, // an answer that came late
		{games.StatusRefunding, games.StatusRefunding},
		{games.StatusRefunded, games.StatusRefunded},
		{games.StatusRefunding, games.StatusRefunded},
	} {
		n.saw("", in(step.seen))
		if got := n.Purchase("p").Status; got != step.want {
			t.Errorf("after %s: %s, want %s", step.seen, got, step.want)
		}
	}
	if odd := n.TakeOdd(); len(odd) > 0 {
		t.Error(odd)
	}
	n.saw(games.StatusCompleted, in(games.StatusPending))
	if odd := n.TakeOdd(); len(odd) != 1 || odd[0].Check != oracle.CheckBack {
		t.Errorf("an answer that went back: %v", odd)
	}
}

func TestANotebookKnowsWhatToRepeat(t *testing.T) {
	ana, bob := &login{id: "ana"}, &login{id: "bob"}
	commands := map[string]command{
		"done": {by: ana, key: "done"}, "open": {by: ana, key: "open"}, "refused": {by: ana, key: "refused"}, "bob's": {by: bob, key: "bob's"}, "": {by: ana},
	}
	n := NewNotebook()
	for _, c := range commands {
		if n.sent(c) {
			t.Errorf("%q is known before it was answered", c.key)
		}
	}
	n.done(commands["done"], in(games.StatusPending))
	n.done(commands[""], in(games.StatusPending))
	n.refused(commands["refused"], false, reply{status: 409})
	n.forget(bob)
	if got := keys(n.repeatable(10)); !cmp.Equal(got, []string{"open", "done"}) {
		t.Errorf("to repeat: %v", got)
	}
	if got := keys(n.repeatable(10)); !cmp.Equal(got, []string{"open"}) {
		t.Errorf("to repeat the next time: %v", got)
	}
	if odd := n.TakeOdd(); len(odd) > 0 {
		t.Error(odd)
	}
}

func keys(cs []command) []string {
	var all []string
	for _, c := range cs {
		all = append(all, c.key)
	}
	return all
}

func TestAKeyThatWasAnsweredMustNotBeRefused(t *testing.T) {
	n, c := NewNotebook(), command{by: &login{}, key: "k"}
	n.sent(c)
	n.done(c, in(games.StatusPending))
	answered := n.sent(c)
	n.refused(c, answered, reply{status: 409, code: "already-owned"})
	if odd := n.TakeOdd(); len(odd) != 1 || odd[0].Check != oracle.CheckReplay {
		t.Errorf("found %v", odd)
	}
	if got := n.Told().Answers["k"]; !cmp.Equal(got, []oracle.Answer{{PurchaseID: "p", Status: games.StatusPending}}) {
		t.Errorf("answers %v", got)
	}
}
