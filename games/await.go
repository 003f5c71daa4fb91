package games

import (
	"context"
	"sync"
	"time"
)

// AwaitPurchase implements Service. It wakes after each change that this process
// commits, and reads again now and then for those of other processes.
func (s *Shop) AwaitPurchase(ctx context.Context, q AwaitPurchase) (Purchase, error) {
	if err := q.Validate(); err != nil {
		return Purchase{}, err
	}
	changed, forget := s.hub.listen(q.PurchaseID)
	defer forget()
	again := time.NewTicker(s.cfg.Recheck)
	defer again.Stop()
	over := time.NewTimer(q.Wait)
	defer over.Stop()
	for {
		p, err := s.GetPurchase(ctx, GetPurchase{UserID: q.UserID, PurchaseID: q.PurchaseID})
		if err != nil || p.Status != q.Status {
			return p, err
		}
		select {
		case <-changed:
		case <-again.C:
		case <-over.C:
			return p, nil
		case <-ctx.Done():
			return Purchase{}, ctx.Err()
		}
	}
}

// hub tells waiters in this process that a purchase changed.
type hub struct {
	mu      sync.Mutex
	waiters map[string]map[chan struct{}]struct{}
}

func newHub() *hub { return &hub{waiters: map[string]map[chan struct{}]struct{}{}} }

// listen returns a channel that gets a value after each notify of id, at least
// one for any number of them, and a function that ends it.
func (h *hub) listen(id string) (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiters[id] == nil {
		h.waiters[id] = map[chan struct{}]struct{}{}
	}
	h.waiters[id][ch] = struct{}{}
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiters[id], ch)
		if len(h.waiters[id]) == 0 {
			delete(h.waiters, id)
		}
	}
}

func (h *hub) notify(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.waiters[id] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}
