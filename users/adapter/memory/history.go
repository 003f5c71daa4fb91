package memory

import (
	"context"
	"slices"

	"gamestore.example/users"
)

// AddEntry implements users.Repository.
func (r *Repository) AddEntry(ctx context.Context, messageID string, e users.Entry) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if !r.inbox.FirstSeen(consumer, messageID) {
		return false, nil
	}
	u, ok := r.users[e.UserID]
	if !ok || u.Deleted() || r.told(e) {
		return false, nil
	}
	r.add(e)
	return true, nil
}

// told reports whether the history has an entry with the same Once.
func (r *Repository) told(e users.Entry) bool {
	return e.Once != "" && slices.ContainsFunc(r.history[e.UserID], func(old users.Entry) bool { return old.Once == e.Once })
}

func (r *Repository) add(e users.Entry) {
	r.seq++
	e.Seq = r.seq
	r.history[e.UserID] = append(r.history[e.UserID], e)
}

// History implements users.Repository.
func (r *Repository) History(ctx context.Context, userID string, after users.Position, limit int) ([]users.Entry, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var page []users.Entry
	for _, e := range r.history[userID] {
		if after.After(e) {
			page = append(page, e)
		}
	}
	slices.SortFunc(page, func(a, b users.Entry) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return int(b.Seq - a.Seq)
	})
	return page[:min(limit, len(page))], nil
}
