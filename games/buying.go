package games

import (
	"context"
	"strconv"
	"time"

	"gamestore.example/pkg/errs"
)

// PurchaseGame implements Service.
func (s *Shop) PurchaseGame(ctx context.Context, cmd PurchaseGame) (Receipt, error) {
	if !ValidID(cmd.GameID) {
		return Receipt{}, ErrGameNotFound
	}
	if err := cmd.validate(); err != nil {
		return Receipt{}, err
	}
	now := s.now()
	p := Purchase{ID: s.newID(), UserID: cmd.UserID, PaymentMethod: cmd.PaymentMethod}
	up, err := s.repo.AcceptPurchase(ctx, cmd.GameID, cmd.key(now), func(g Game) (Change, error) {
		if err := cmd.allowed(g, now); err != nil {
			return Change{}, err
		}
		c := NewPurchase(p, g, s.cfg.AskAfter, now)
		c.Events = s.withIDs(c.Events)
		return c, nil
	})
	if err != nil {
		return Receipt{}, err
	}
	if !up.Replayed {
		s.meter.Purchase("accepted")
		if up.Purchase.Status == StatusCompleted {
			s.committed("completed", StatusPending, up.Purchase)
		}
	}
	return Receipt{Purchase: up.Purchase, Replayed: up.Replayed}, nil
}

// allowed returns why the game cannot be bought so, or nil.
func (c PurchaseGame) allowed(g Game, now time.Time) error {
	switch {
	case g.Deleted:
		return ErrGameNotFound
	case !g.Available(now):
		return ErrNotAvailable.WithDetail("releasedAt", g.ReleasedAt)
	case c.ExpectedPrice != nil && *c.ExpectedPrice != g.Price:
		return ErrPriceChanged.WithDetail("price", map[string]any{"amount": g.Price.Amount, "currency": g.Price.Currency})
	}
	return nil
}

func (c PurchaseGame) key(now time.Time) IdempotencyKey {
	expected := ""
	if c.ExpectedPrice != nil {
		expected = strconv.FormatInt(c.ExpectedPrice.Amount, 10) + c.ExpectedPrice.Currency
	}
	return idempotencyKey(c.UserID, operationPurchase, c.IdempotencyKey, now, c.GameID, c.PaymentMethod, expected)
}

// GetPurchase implements Service.
func (s *Shop) GetPurchase(ctx context.Context, q GetPurchase) (Purchase, error) {
	if !ValidID(q.PurchaseID) {
		return Purchase{}, ErrPurchaseNotFound
	}
	p, err := s.repo.Purchase(ctx, q.PurchaseID)
	if err == nil && p.UserID != q.UserID {
		return Purchase{}, ErrPurchaseNotFound
	}
	return p, err
}

// CancelPurchase implements Service.
func (s *Shop) CancelPurchase(ctx context.Context, cmd CancelPurchase) (Receipt, error) {
	return s.command(ctx, operationCancel, "cancelled", GetPurchase{UserID: cmd.UserID, PurchaseID: cmd.PurchaseID}, cmd.IdempotencyKey, Purchase.Cancel)
}

// RequestRefund implements Service.
func (s *Shop) RequestRefund(ctx context.Context, cmd RequestRefund) (Receipt, error) {
	return s.command(ctx, operationRefund, "refund_requested", GetPurchase{UserID: cmd.UserID, PurchaseID: cmd.PurchaseID}, cmd.IdempotencyKey,
		func(p Purchase, now time.Time) (Change, error) {
			return p.RequestRefund(s.cfg.RefundWindow, s.cfg.AskAfter, now)
		})
}

// command applies what the owner of a purchase asks for.
func (s *Shop) command(ctx context.Context, operation, step string, target GetPurchase, key string,
	transition func(Purchase, time.Time) (Change, error),
) (Receipt, error) {
	if !ValidID(target.PurchaseID) {
		return Receipt{}, ErrPurchaseNotFound
	}
	if err := errs.InvalidFields(badKey(key)...); err != nil {
		return Receipt{}, err
	}
	var before Status
	now := s.now()
	up, err := s.repo.UpdatePurchase(ctx, target.PurchaseID, Cause{}, idempotencyKey(target.UserID, operation, key, now, target.PurchaseID),
		func(p Purchase) (Change, error) {
			if p.UserID != target.UserID {
				return Change{}, ErrPurchaseNotFound
			}
			before = p.Status
			c, err := transition(p, now)
			c.Events = s.withIDs(c.Events)
			return c, err
		})
	if err != nil {
		return Receipt{}, err
	}
	if up.Outcome == Applied && !up.Replayed {
		s.committed(step, before, up.Purchase)
		if up.Purchase.Status == StatusRefunded { // a free game: nobody else says so
			s.meter.Purchase("refunded")
		}
	}
	return Receipt{Purchase: up.Purchase, Replayed: up.Replayed}, nil
}

// committed tells everybody in this process about a change that is in the store.
func (s *Shop) committed(step string, before Status, p Purchase) {
	s.meter.Purchase(step)
	if before == StatusPending && p.Status != StatusPending {
		s.meter.Completion(string(p.Status), p.UpdatedAt.Sub(p.CreatedAt))
	}
	s.hub.notify(p)
}
