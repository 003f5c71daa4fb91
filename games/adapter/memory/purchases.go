package memory

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"gamestore.example/games"
)

// Purchase implements games.Repository.
func (r *Repository) Purchase(ctx context.Context, id string) (games.Purchase, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	p, ok := r.purchases[id]
	if !ok {
		return games.Purchase{}, games.ErrPurchaseNotFound
	}
	return p, ctx.Err()
}

// AcceptPurchase implements games.Repository.
func (r *Repository) AcceptPurchase(ctx context.Context, gameID string, key games.IdempotencyKey, decide func(games.Game) (games.Change, error)) (games.Update, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if up, ok, err := r.replay(key); ok || err != nil {
		return up, err
	}
	g, ok := r.games[gameID]
	if !ok {
		return games.Update{}, games.ErrGameNotFound
	}
	c, err := decide(g)
	if err != nil {
		return games.Update{}, err
	}
	if _, ok := r.forgotten[c.Purchase.UserID]; ok {
		return games.Update{}, games.ErrNoAccount
	}
	if id, ok := r.active[place{c.Purchase.UserID, gameID}]; ok {
		return games.Update{}, games.ActiveError(r.purchases[id])
	}
	if _, ok := r.purchases[c.Purchase.ID]; ok {
		return games.Update{}, errors.New("memory: the id of a new purchase is taken")
	}
	if err := r.apply(ctx, games.Purchase{}, c); err != nil {
		return games.Update{}, err
	}
	r.remember(key, c.Purchase)
	return games.Update{Change: c}, nil
}

// UpdatePurchase implements games.Repository.
func (r *Repository) UpdatePurchase(ctx context.Context, id string, cause games.Cause, key games.IdempotencyKey, decide func(games.Purchase) (games.Change, error)) (up games.Update, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if up, ok, err := r.replay(key); ok || err != nil {
		return up, err
	}
	if cause.Consumer != "" {
		if !r.inbox.FirstSeen(cause.Consumer, cause.MessageID) {
			return games.Update{Change: games.Change{Purchase: r.purchases[id], Outcome: games.Duplicate}}, nil
		}
		defer func() {
			if err != nil {
				r.inbox.Forget(cause.Consumer, cause.MessageID)
			}
		}()
	}
	p, ok := r.purchases[id]
	if !ok {
		return games.Update{}, games.ErrPurchaseNotFound
	}
	c, err := decide(p)
	if err != nil {
		return games.Update{}, err
	}
	if c.Outcome == games.Applied {
		if err := r.apply(ctx, p, c); err != nil {
			return games.Update{}, err
		}
	}
	r.remember(key, c.Purchase)
	return games.Update{Change: c}, nil
}

// apply is the end of a change of a purchase: all of it, or nothing.
func (r *Repository) apply(ctx context.Context, before games.Purchase, c games.Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p := c.Purchase
	if other, ok := r.byPayment[p.PaymentID]; ok && p.PaymentID != "" && other != p.ID {
		return games.ErrPaymentReused
	}
	records, err := r.records(ctx, c.Events)
	if err != nil {
		return err
	}
	if g, ok := r.games[p.GameID]; ok {
		r.games[g.ID] = g.Counted(games.CounterDelta(before.Status, p.Status))
	}
	r.put(before, p)
	r.publish(records)
	return nil
}

// put replaces a purchase and keeps the indexes.
func (r *Repository) put(before, p games.Purchase) {
	if before.Status.Active() {
		delete(r.active, place{before.UserID, before.GameID})
	}
	if p.Status.Active() {
		r.active[place{p.UserID, p.GameID}] = p.ID
	}
	if before.UserID != p.UserID {
		r.byUser[p.UserID] = append(r.byUser[p.UserID], p.ID)
	}
	if p.PaymentID != "" {
		r.byPayment[p.PaymentID] = p.ID
	}
	delete(r.pending, p.ID)
	delete(r.unsettled, p.ID)
	if p.Status == games.StatusPending {
		r.pending[p.ID] = struct{}{}
	}
	if !p.Status.Settled() {
		r.unsettled[p.ID] = struct{}{}
	}
	r.purchases[p.ID] = p
}

// AskUnsettled implements games.Repository.
func (r *Repository) AskUnsettled(ctx context.Context, due time.Time, limit int, ask func(games.Purchase) games.Change) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	var asked []games.Purchase
	var events []games.Event
	for id := range r.unsettled {
		if p := r.purchases[id]; len(asked) < limit && !p.AskAt.After(due) {
			c := ask(p)
			asked, events = append(asked, c.Purchase), append(events, c.Events...)
		}
	}
	records, err := r.records(ctx, events)
	if err != nil {
		return 0, err
	}
	for _, p := range asked {
		r.purchases[p.ID] = p
	}
	r.publish(records)
	return len(asked), nil
}

// ForgetUser implements games.Repository.
func (r *Repository) ForgetUser(ctx context.Context, cause games.Cause, userID string) (games.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if !r.inbox.FirstSeen(cause.Consumer, cause.MessageID) {
		return games.Duplicate, nil
	}
	for _, id := range r.byUser[userID] {
		before := r.purchases[id]
		p := before
		p.UserID = games.ForgottenUser(id)
		r.put(before, p)
	}
	delete(r.byUser, userID)
	r.forgotten[userID] = struct{}{}
	maps.DeleteFunc(r.keys, func(id keyID, _ answer) bool { return id.userID == userID })
	return games.Applied, nil
}

// PruneKeys implements games.Repository.
func (r *Repository) PruneKeys(ctx context.Context, before time.Time, limit int) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	maps.DeleteFunc(r.keys, func(_ keyID, a answer) bool {
		if n == limit || !a.key.At.Before(before) {
			return false
		}
		n++
		return true
	})
	return n, ctx.Err()
}

// Purchases implements games.Repository.
func (r *Repository) Purchases(ctx context.Context, q games.UserPage) ([]games.Purchase, error) {
	return r.list(ctx, q, func(games.Purchase) bool { return true })
}

// Library implements games.Repository.
func (r *Repository) Library(ctx context.Context, q games.UserPage) ([]games.OwnedGame, error) {
	ps, err := r.list(ctx, q, func(p games.Purchase) bool { return p.Status.Owned() })
	owned := make([]games.OwnedGame, 0, len(ps))
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, p := range ps {
		owned = append(owned, games.OwnedGame{Game: r.games[p.GameID], Purchase: p})
	}
	return owned, err
}

// Tastes implements games.Repository.
func (r *Repository) Tastes(ctx context.Context, userID string, limit int) ([]games.Taste, error) {
	owned, err := r.Library(ctx, games.UserPage{UserID: userID, Limit: limit})
	tastes := make([]games.Taste, 0, len(owned))
	for _, o := range owned {
		tastes = append(tastes, games.Taste{Category: o.Game.Category, BoughtAt: o.Purchase.CompletedAt})
	}
	return tastes, err
}

func (r *Repository) list(ctx context.Context, q games.UserPage, want func(games.Purchase) bool) ([]games.Purchase, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	newestFirst := func(a, b games.Purchase) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	}
	after := games.Purchase{CreatedAt: q.After.At, ID: q.After.ID}
	ps := make([]games.Purchase, 0)
	for _, id := range r.byUser[q.UserID] {
		p := r.purchases[id]
		if want(p) && (q.After.IsZero() || newestFirst(p, after) > 0) {
			ps = append(ps, p)
		}
	}
	slices.SortFunc(ps, newestFirst)
	return ps[:min(len(ps), q.Limit)], ctx.Err()
}
