package memory

import "sync"

// inboxGeneration bounds what an Inbox remembers: at least the last so many
// messages, at most twice as many.
const inboxGeneration = 1 << 18

// Inbox recognises messages that a consumer took already. It is safe for
// concurrent use.
type Inbox struct {
	mu       sync.Mutex
	recent   map[seenKey]struct{}
	previous map[seenKey]struct{}
}

type seenKey struct{ consumer, messageID string }

// NewInbox returns an empty inbox.
func NewInbox() *Inbox { return &Inbox{recent: map[seenKey]struct{}{}} }

// FirstSeen notes that consumer takes a message and reports whether it is the
// first time. Call Forget if the effect fails.
func (b *Inbox) FirstSeen(consumer, messageID string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := seenKey{consumer, messageID}
	if _, ok := b.recent[k]; ok {
		return false
	}
	if _, ok := b.previous[k]; ok {
		return false
	}
	if len(b.recent) >= inboxGeneration {
		b.recent, b.previous = map[seenKey]struct{}{}, b.recent
	}
	b.recent[k] = struct{}{}
	return true
}

// Forget undoes FirstSeen, for an effect that failed.
func (b *Inbox) Forget(consumer, messageID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := seenKey{consumer, messageID}
	delete(b.recent, k)
	delete(b.previous, k)
}
