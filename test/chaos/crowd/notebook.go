package crowd

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"gamestore.example/games"
	"gamestore.example/test/chaos/oracle"
)

// CheckAnswer is the promise that every answer is one that the contract allows.
const CheckAnswer = "every answer is an expected one"

// Notebook is the memory of all clients: what they were told, and which of their
// commands got no answer. It is safe for concurrent use.
type Notebook struct {
	mu   sync.Mutex
	told oracle.Told
	// unanswered are commands with an Idempotency-Key that may have been done.
	unanswered map[string]command
	// recent are commands with an Idempotency-Key that were answered since the last
	// call of repeatable.
	recent map[string]command
	odd    []oracle.Finding
	// accepted counts answers that accepted a purchase.
	accepted int
}

func NewNotebook() *Notebook {
	return &Notebook{
		told: oracle.Told{
			Purchases: map[string]oracle.Purchase{}, Accounts: map[string]oracle.Account{}, Games: map[string]oracle.Game{}, Answers: map[string][]oracle.Answer{},
		},
		unanswered: map[string]command{}, recent: map[string]command{},
	}
}

// Told returns what was told so far.
func (n *Notebook) Told() oracle.Told {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers := make(map[string][]oracle.Answer, len(n.told.Answers))
	for key, as := range n.told.Answers {
		answers[key] = slices.Clone(as)
	}
	return oracle.Told{
		Purchases: maps.Clone(n.told.Purchases), Accounts: maps.Clone(n.told.Accounts), Games: maps.Clone(n.told.Games), Answers: answers,
	}
}

// sent notes that a command is on its way, and reports whether its key was answered
// before.
func (n *Notebook) sent(c command) bool {
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
func (n *Notebook) refused(c command, answered bool, got reply) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.unanswered, c.key)
	if answered {
		n.odd = append(n.odd, oracle.Finding{Check: oracle.CheckReplay, What: fmt.Sprintf("key %s was answered %+v, and then refused: %d %s",
			c.key, n.told.Answers[c.key][0], got.status, got.code)})
	}
}

// done notes the answer to a command, which may be an old one.
func (n *Notebook) done(c command, p oracle.Purchase) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.key != "" {
		n.told.Answers[c.key] = append(n.told.Answers[c.key], oracle.Answer{PurchaseID: p.ID, Status: p.Status})
		n.recent[c.key] = c
		delete(n.unanswered, c.key)
	}
	if c.gameID != "" {
		n.accepted++
	}
	n.noteLocked(p)
}

// Accepted returns how many answers accepted a purchase so far, also an old one again.
func (n *Notebook) Accepted() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.accepted
}

// saw notes the present state of a purchase. before is what was known when the
// client asked.
func (n *Notebook) saw(before games.Status, p oracle.Purchase) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if before != "" && !oracle.MayFollow(before, p.Status) {
		n.odd = append(n.odd, oracle.Finding{Check: oracle.CheckBack, What: fmt.Sprintf("purchase %s was %s, and is answered as %s", p.ID, before, p.Status)})
	}
	n.noteLocked(p)
}

// noteLocked keeps the furthest known status: answers may come in any order.
func (n *Notebook) noteLocked(p oracle.Purchase) {
	if known, ok := n.told.Purchases[p.ID]; ok && !oracle.MayFollow(known.Status, p.Status) {
		return
	}
	n.told.Purchases[p.ID] = p
}

// Purchase returns what is known of a purchase.
func (n *Notebook) Purchase(id string) oracle.Purchase {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.told.Purchases[id]
}

func (n *Notebook) account(a oracle.Account) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told.Accounts[a.ID] = a
}

func (n *Notebook) Game(g oracle.Game) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told.Games[g.ID] = g
}

// forget drops what an account may have repeated: it is going to be deleted.
func (n *Notebook) forget(a *login) {
	n.mu.Lock()
	defer n.mu.Unlock()
	theirs := func(_ string, c command) bool { return c.by == a }
	maps.DeleteFunc(n.unanswered, theirs)
	maps.DeleteFunc(n.recent, theirs)
}

// repeatable returns the commands without an answer, and some of those that were
// answered since the last call.
func (n *Notebook) repeatable(some int) []command {
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

// Strange notes an answer that must not be.
func (n *Notebook) Strange(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.odd = append(n.odd, oracle.Finding{Check: CheckAnswer, What: fmt.Sprintf(format, args...)})
}

// TakeOdd returns what clients found strange since the last call.
func (n *Notebook) TakeOdd() []oracle.Finding {
	n.mu.Lock()
	defer n.mu.Unlock()
	odd := n.odd
	n.odd = nil
	return odd
}
