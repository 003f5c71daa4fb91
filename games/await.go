package games

import (
	"context"
	"sync"
	"time"
)

// AwaitPurchase implements Service. It hears of each change that this process commits,
// and reads again now and then for those of other processes.
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
	p, err := s.GetPurchase(ctx, GetPurchase{UserID: q.UserID, PurchaseID: q.PurchaseID})
	for err == nil && p.Status == q.Status {
		select {
		case committed := <-changed:
			// Two changes at once may be told in any order: the newest is the last.
			if committed.UserID == q.UserID && committed.Version > p.Version {
				p = committed
			}
		case <-again.C:
			p, err = s.GetPurchase(ctx, GetPurchase{UserID: q.UserID, PurchaseID: q.PurchaseID})
		case <-over.C:
			return p, nil
		case <-ctx.Done():
			return Purchase{}, ctx.Err()
		}
	}
	return p, err
}

// hub tells waiters in this process what became of a purchase.
type hub struct {
	mu      sync.Mutex
	waiters map[string]map[chan Purchase]struct{}
}

func newHub() *hub { return &hub{waiters: map[string]map[chan Purchase]struct{}{}} }

// listen returns a channel that gets the purchase after each notify, or, for several of
// them, the newest, and a function that ends it.
func (h *hub) listen(id string) (<-chan Purchase, func()) {
	ch := make(chan Purchase, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiters[id] == nil {
		h.waiters[id] = map[chan Purchase]struct{}{}
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

// notify tells what is committed.
func (h *hub) notify(p Purchase) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.waiters[p.ID] {
		newest := p
		select {
		case waiting := <-ch: // nobody else sends
			if waiting.Version > p.Version {
				newest = waiting
			}
		default:
		}
		ch <- newest
	}
}
