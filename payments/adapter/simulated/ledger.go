package simulated

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// Ledger keeps the provider's books: in memory, or in a file of its own.
type Ledger interface {
	// Update loads the entry with the key, if it is known, and stores what fn makes of
	// it, as one transaction. An error of fn stores nothing and is returned.
	Update(ctx context.Context, key string, fn func(e Entry, known bool) (Entry, error)) (Entry, error)
	// Get returns the entry with the key and whether there is one.
	Get(ctx context.Context, key string) (Entry, bool, error)
	// Entries returns all entries, oldest first.
	Entries(ctx context.Context) ([]Entry, error)
}

// MemoryLedger is a Ledger that is gone with the process.
type MemoryLedger struct {
	mu      sync.Mutex
	entries map[string]Entry
}

var _ Ledger = (*MemoryLedger)(nil)

// NewMemoryLedger returns empty books.
func NewMemoryLedger() *MemoryLedger { return &MemoryLedger{entries: map[string]Entry{}} }

// Update implements Ledger.
func (l *MemoryLedger) Update(ctx context.Context, key string, fn func(Entry, bool) (Entry, error)) (Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Entry{}, err
	}
	old, known := l.entries[key]
	e, err := fn(old, known)
	if err != nil {
		return Entry{}, err
	}
	l.entries[key] = e
	return e, nil
}

// Get implements Ledger.
func (l *MemoryLedger) Get(ctx context.Context, key string) (Entry, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, known := l.entries[key]
	return e, known, ctx.Err()
}

// Entries implements Ledger.
func (l *MemoryLedger) Entries(ctx context.Context) ([]Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries := make([]Entry, 0, len(l.entries))
	for _, e := range l.entries {
		e.Refunds = slices.Clone(e.Refunds)
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Key, b.Key))
	})
	return entries, ctx.Err()
}
