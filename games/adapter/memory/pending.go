package memory

import (
	"context"
	"time"
)

// OldestPending returns when the oldest purchase that is pending was accepted, and
// false if there is none.
func (r *Repository) OldestPending(ctx context.Context) (oldest time.Time, found bool, err error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for id := range r.pending {
		if at := r.purchases[id].CreatedAt; !found || at.Before(oldest) {
			oldest, found = at, true
		}
	}
	return oldest, found, ctx.Err()
}
