package chaos

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"gamestore.example/games"
)

// CheckAnswer is the promise that every answer is one that the contract allows.
const CheckAnswer = "every answer is an expected one"

// notebook is the memory of all clients: what they were told, and which of their
// commands got no answer. It is safe for concurrent use.
type notebook struct {
	mu   sync.Mutex
	told Told
	// unanswered are commands with an Idempotency-Key that may have been done.
	unanswered map[string]command
	// recent are commands with an Idempotency-Key that were answered since the last
	// call of repeatable.
	recent map[string]command
	odd    []Finding
}

func newNotebook() *notebook {
	return &notebook{
		told: Told{
			Purchases: map[string]Purchase{}, Accounts: map[string]Account{}, Games: map[string]Game{}, Answers: map[string][]Answer{},
		},
		unanswered: map[string]command{}, recent: map[string]command{},
	}
}

// copy returns what was told so far.
func (n *notebook) copy() Told {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers := make(map[string][]Answer, len(n.told.Answers))
	for key, as := range n.told.Answers {
		answers[key] = slices.Clone(as)
	}
	return Told{
		Purchases: maps.Clone(n.told.Purchases), Accounts: maps.Clone(n.told.Accounts), Games: maps.Clone(n.told.Games), Answers: answers,
	}
}

// sent notes that a command is on its way, and reports whether its key was answered
// before.
func (n *notebook) sent(c command) bool {
	if c.key == "" {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.told.Answers[c.key]) > 0 {
		return true
	}
	n.unanswered[c.key] = c
	return false
}

// refused notes that a command was not done. One whose key was answered before must
// get that answer again.
func (n *notebook) refused(c command, answered bool, got reply) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.unanswered, c.key)
	if answered {
		n.odd = append(n.odd, Finding{CheckReplay, fmt.Sprintf("key %s was answered %+v, and then refused: %d %s",
			c.key, n.told.Answers[c.key][0], got.status, got.code)})
	}
}

// done notes the answer to a command, which may be an old one.
func (n *notebook) done(c command, p Purchase) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.key != "" {
		n.told.Answers[c.key] = append(n.told.Answers[c.key], Answer{PurchaseID: p.ID, Status: p.Status})
		n.recent[c.key] = c
		delete(n.unanswered, c.key)
	}
	n.noteLocked(p)
}

// saw notes the present state of a purchase. before is what was known when the
// client asked.
func (n *notebook) saw(before games.Status, p Purchase) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if before != "" && !mayFollow(before, p.Status) {
		n.odd = append(n.odd, Finding{CheckBack, fmt.Sprintf("purchase %s was %s, and is answered as %s", p.ID, before, p.Status)})
	}
	n.noteLocked(p)
}

// noteLocked keeps the furthest known status: answers may come in any order.
func (n *notebook) noteLocked(p Purchase) {
	if known, ok := n.told.Purchases[p.ID]; ok && !mayFollow(known.Status, p.Status) {
		return
	}
	n.told.Purchases[p.ID] = p
}

// purchase returns what is known of a purchase.
func (n *notebook) purchase(id string) Purchase {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.told.Purchases[id]
}

func (n *notebook) account(a Account) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told.Accounts[a.ID] = a
}

func (n *notebook) game(g Game) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told.Games[g.ID] = g
}

// forget drops what an account may have repeated: it is going to be deleted.
func (n *notebook) forget(a *login) {
	n.mu.Lock()
	defer n.mu.Unlock()
	theirs := func(_ string, c command) bool { return c.by == a }
	maps.DeleteFunc(n.unanswered, theirs)
	maps.DeleteFunc(n.recent, theirs)
}

// repeatable returns the commands without an answer, and some of those that were
// answered since the last call.
func (n *notebook) repeatable(some int) []command {
	n.mu.Lock()
	defer n.mu.Unlock()
	var cs []command
	for _, key := range slices.Sorted(maps.Keys(n.unanswered)) {
		cs = append(cs, n.unanswered[key])
	}
	for i, key := range slices.Sorted(maps.Keys(n.recent)) {
		if i < some {
			cs = append(cs, n.recent[key])
		}
	}
	clear(n.recent)
	return cs
}

// strange notes an answer that must not be.
func (n *notebook) strange(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.odd = append(n.odd, Finding{CheckAnswer, fmt.Sprintf(format, args...)})
}

// takeOdd returns what clients found strange since the last call.
func (n *notebook) takeOdd() []Finding {
	n.mu.Lock()
	defer n.mu.Unlock()
	odd := n.odd
	n.odd = nil
	return odd
}
