package games

import "testing"

// Whoever listens gets the newest state, in whatever order two changes are told.
func TestHubTellsTheNewest(t *testing.T) {
	h := newHub()
	changed, forget := h.listen("p")
	h.notify(Purchase{ID: "p", Version: 3, Status: StatusRefunding})
	h.notify(Purchase{ID: "p", Version: 2, Status: StatusCompleted})
	h.notify(Purchase{ID: "another", Version: 9})
	if p := <-changed; p.Version != 3 {
		t.Errorf("got version %d, want 3", p.Version)
	}
	h.notify(Purchase{ID: "p", Version: 4})
	if p := <-changed; p.Version != 4 {
		t.Errorf("got version %d, want 4", p.Version)
	}
	forget()
	h.notify(Purchase{ID: "p", Version: 5}) // nobody listens, nobody waits
	if len(h.waiters) != 0 {
		t.Errorf("%d are still listened for", len(h.waiters))
	}
}
