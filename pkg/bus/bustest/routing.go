package bustest

import (
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/bus"
)

func testKeys(t *testing.T, h Harness) {
	const end = "the-end" // a word that no pattern below has
	keys := []string{
		"game.purchased", "game.created", "game", "purchase.refund_requested", "payment.completed",
		"a.b.c", "a.c", "a.b.b.c", "a", "a..c", "", ".", "game.",
	}
	table := []struct {
		patterns []string
		want     []string
	}{
		{[]string{"game.purchased"}, []string{"game.purchased"}},
		{[]string{"game.*"}, []string{"game.purchased", "game.created", "game."}},
		{[]string{"game.#"}, []string{"game.purchased", "game.created", "game", "game."}},
		{[]string{"*"}, []string{"game", "a"}},
		{[]string{"*.*"}, []string{"game.purchased", "game.created", "purchase.refund_requested", "payment.completed", "a.c", ".", "game."}},
		{[]string{"#"}, keys},
		{[]string{"#.#"}, keys},
		{[]string{"*.#"}, slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k == "" })},
		{[]string{"a.*.c"}, []string{"a.b.c", "a..c"}},
		{[]string{"a.#.c"}, []string{"a.b.c", "a.c", "a.b.b.c", "a..c"}},
		{[]string{"#.c"}, []string{"a.b.c", "a.c", "a.b.b.c", "a..c"}},
		{[]string{"a.#.b.#.c"}, []string{"a.b.c", "a.b.b.c"}},
		{[]string{"a.#.b.*.c"}, []string{"a.b.b.c"}},
		{[]string{"game.purch*", "gam#", "GAME.PURCHASED"}, nil},
		{[]string{"game.*", "game.purchased", "#.purchased"}, []string{"game.purchased", "game.created", "game."}}, // once, not thrice
		{nil, nil},
	}
	var got []<-chan bus.Message
	for i, tc := range table {
		// One worker, so that the last message of the queue comes last.
		q := bus.Queue{Name: "bustest.key" + strconv.Itoa(i), Keys: append(tc.patterns, end), Concurrency: 1}
		declare(t, h, q)
		got = append(got, collect(t, h, q))
	}
	for i, k := range keys {
		publish(t, h, message(strconv.Itoa(i), k))
	}
	publish(t, h, message(end, end))
	for i, tc := range table {
		var arrived []string
		for m := receive(t, got[i]); m.ID != end; m = receive(t, got[i]) {
			arrived = append(arrived, m.Key)
		}
		slices.Sort(arrived)
		want := slices.Sorted(slices.Values(tc.want))
		if d := cmp.Diff(want, arrived); d != "" {
			t.Errorf("patterns %q (-want +got):\n%s", tc.patterns, d)
		}
	}
}

func testDeclareAgain(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.again", Keys: []string{"one"}, Concurrency: 1}
	declare(t, h, q, q)
	got := collect(t, h, q)
	publish(t, h, message("1", "one"))
	q.Keys = []string{"one", "two"}
	declare(t, h, q)
	publish(t, h, message("2", "two"))
	if d := cmp.Diff([]string{"1", "2"}, receiveIDs(t, got, 2)); d != "" {
		t.Error(d)
	}
	if len(got) != 0 {
		t.Errorf("a second copy came: %+v", receive(t, got))
	}
}

func testFanOut(t *testing.T, h Harness) {
	a := bus.Queue{Name: "bustest.fan-a", Keys: []string{"game.*"}}
	b := bus.Queue{Name: "bustest.fan-b", Keys: []string{"#"}}
	declare(t, h, a, b)
	gotA, gotB := collect(t, h, a), collect(t, h, b)
	msgs := messages(20, "m", "game.purchased")
	publish(t, h, msgs...)
	for name, got := range map[string]<-chan bus.Message{"a": gotA, "b": gotB} {
		if d := cmp.Diff(idsOf(msgs...), receiveIDs(t, got, len(msgs))); d != "" {
			t.Errorf("queue %s: %s", name, d)
		}
	}
}

func testUnrouted(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.other", Keys: []string{"other"}}
	declare(t, h, q)
	publish(t, h, message("1", "nobody.wants.this"), message("2", "other"))
	if got := receive(t, collect(t, h, q)); got.ID != "2" {
		t.Errorf("got %q", got.ID)
	}
}
