package flow

import (
	"context"
	"errors"
	"slices"
	"sync"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
)

// Fate is what becomes of a message that a service publishes.
type Fate int

// The fates.
const (
	// Carry takes it to the queues.
	Carry Fate = iota
	// Lose confirms it and forgets it, which a real bus must never do: what then
	// happens must not depend on it.
	Lose
	// Twice takes it to the queues two times.
	Twice
	// Refuse does not confirm it, as a broker that is away does: its relay has to try
	// again.
	Refuse
)

// errWireDown is what a refused message gets.
var errWireDown = errs.New(errs.Unavailable, "wire-down", "the wire is down")

// embedded is what the Wire needs of the bus under it.
type embedded interface {
	bus.Bus
	bus.DeadLetters
}

// Wire is the bus of a World. It remembers what was published, and a test decides
// what becomes of it.
type Wire struct {
	embedded

	mu      sync.Mutex
	fate    func(bus.Message) Fate
	sent    []bus.Message
	refused int
}

var _ bus.Bus = (*Wire)(nil)

func newWire(under embedded) *Wire { return &Wire{embedded: under} }

// Rule makes fate decide about every message from now on; nil carries all of them.
// It is called for one message at a time.
func (w *Wire) Rule(fate func(bus.Message) Fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fate = fate
}

// Publish implements bus.Publisher.
func (w *Wire) Publish(ctx context.Context, msgs ...bus.Message) []error {
	results := make([]error, len(msgs))
	var carried []bus.Message
	var origin []int
	for i, f := range w.decide(msgs) {
		switch f {
		case Carry:
			carried, origin = append(carried, msgs[i]), append(origin, i)
		case Twice:
			carried, origin = append(carried, msgs[i], msgs[i]), append(origin, i, i)
		case Refuse:
			results[i] = errWireDown
		case Lose:
		}
	}
	if len(carried) > 0 {
		for i, err := range w.embedded.Publish(ctx, carried...) {
			results[origin[i]] = errors.Join(results[origin[i]], err)
		}
	}
	w.remember(msgs, results)
	return results
}

func (w *Wire) decide(msgs []bus.Message) []Fate {
	w.mu.Lock()
	defer w.mu.Unlock()
	fates := make([]Fate, len(msgs))
	for i, m := range msgs {
		if w.fate != nil {
			fates[i] = w.fate(m)
		}
	}
	return fates
}

func (w *Wire) remember(msgs []bus.Message, results []error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, m := range msgs {
		if results[i] != nil {
			w.refused++
			continue
		}
		w.sent = append(w.sent, m)
	}
}

// Refused counts the messages that were not confirmed.
func (w *Wire) Refused() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refused
}

// Sent returns what was confirmed so far, lost messages included: those with one of
// the keys, or all of them.
func (w *Wire) Sent(keys ...string) []bus.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []bus.Message
	for _, m := range w.sent {
		if len(keys) == 0 || slices.Contains(keys, m.Key) {
			found = append(found, m)
		}
	}
	return found
}

// About returns what was sent with the key about a subject, such as a purchase.
func (w *Wire) About(key, subject string) []bus.Message {
	return slices.DeleteFunc(w.Sent(key), func(m bus.Message) bool { return Subject(m) != subject })
}

// Inject publishes messages past the rule, unremembered, as somebody else would.
func (w *Wire) Inject(ctx context.Context, msgs ...bus.Message) []error {
	return w.embedded.Publish(ctx, msgs...)
}

// Subject returns what the event in the message is about, or "".
func Subject(m bus.Message) string {
	e, err := event.Unmarshal(m.Body)
	if err != nil {
		return ""
	}
	return e.Subject
}
