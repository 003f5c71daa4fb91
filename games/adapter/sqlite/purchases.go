package sqlite

import (
	"context"
	"fmt"
	"time"

	"gamestore.example/games"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

const (
	selectPurchase = `SELECT ` + purchaseColumns + ` FROM purchases p WHERE p.id = ?`
	selectActive   = `SELECT ` + purchaseColumns + ` FROM purchases p
WHERE p.user_id = ? AND p.game_id = ? AND p.status IN ('pending', 'completed', 'refunding')`
	insertPurchase = `INSERT INTO purchases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	// What is fixed at acceptance is not among the columns.
	updatePurchase = `
UPDATE purchases SET payment_id = ?2, status = ?3, failure_reason = ?4, version = ?5, updated_at = ?6, completed_at = ?7, ask_at = ?8, asked = ?9
WHERE id = ?1 AND status = ?10 AND version = ?11 AND asked = ?12`
	selectDue     = `SELECT ` + purchaseColumns + ` FROM purchases p WHERE p.status IN ('pending', 'refunding') AND p.ask_at <= ? ORDER BY p.ask_at LIMIT ?`
	isForgotten   = `SELECT count(*) FROM forgotten_users WHERE user_id = ?`
	noteForgotten = `INSERT INTO forgotten_users VALUES (?) ON CONFLICT DO NOTHING`
	forget        = `UPDATE purchases SET user_id = 'forgotten-' || id WHERE user_id = ?`
)

// The unique indexes, as SQLite names them.
const (
	indexActive  = "purchases.user_id, purchases.game_id"
	indexPayment = "purchases.payment_id"
)

// Purchase implements games.Repository.
func (r *Repository) Purchase(ctx context.Context, id string) (games.Purchase, error) {
	p, err := scanPurchase(r.db.Read().QueryRowContext(ctx, selectPurchase, id))
	if err != nil {
		return games.Purchase{}, fmt.Errorf("read a purchase: %w", sqldb.Classify(err))
	}
	return p, nil
}

// AcceptPurchase implements games.Repository.
func (r *Repository) AcceptPurchase(ctx context.Context, gameID string, key games.IdempotencyKey, decide func(games.Game) (games.Change, error)) (games.Update, error) {
	var up games.Update
	err := r.write(ctx, "accept a purchase", func(ctx context.Context, c *change) error {
		var err error
		if up, err = c.replay(ctx, key); up.Replayed || err != nil {
			return err
		}
		g, err := scanGame(c.QueryRowContext(ctx, selectGame, gameID))
		if err != nil {
			return err
		}
		if up.Change, err = decide(g); err != nil {
			return err
		}
		if err := c.known(ctx, up.Purchase.UserID); err != nil {
			return err
		}
		if err := c.insertPurchase(ctx, up.Purchase); err != nil {
			return err
		}
		if err := c.count(ctx, up.Purchase.GameID, games.CounterDelta("", up.Purchase.Status)); err != nil {
			return err
		}
		if err := c.remember(ctx, key, up.Purchase); err != nil {
			return err
		}
		return c.publish(ctx, up.Events)
	})
	if err != nil {
		return games.Update{}, err
	}
	return up, nil
}

// known returns ErrNoAccount for somebody who was forgotten.
func (c *change) known(ctx context.Context, userID string) error {
	var forgotten int
	if err := c.QueryRowContext(ctx, isForgotten, userID).Scan(&forgotten); err != nil {
		return fmt.Errorf("look for a forgotten user: %w", err)
	}
	if forgotten > 0 {
		return games.ErrNoAccount
	}
	return nil
}

// insertPurchase lets the unique index decide who is first.
func (c *change) insertPurchase(ctx context.Context, p games.Purchase) error {
	_, err := c.ExecContext(ctx, insertPurchase, purchaseArgs(p)...)
	if !sqldb.IsUnique(err, indexActive) {
		return err
	}
	active, err := scanPurchase(c.QueryRowContext(ctx, selectActive, p.UserID, p.GameID))
	if err != nil {
		return fmt.Errorf("find the active purchase: %w", err)
	}
	return games.ActiveError(active)
}

// UpdatePurchase implements games.Repository.
func (r *Repository) UpdatePurchase(ctx context.Context, id string, cause games.Cause, key games.IdempotencyKey, decide func(games.Purchase) (games.Change, error)) (games.Update, error) {
	var up games.Update
	err := r.write(ctx, "update a purchase", func(ctx context.Context, c *change) error {
		var err error
		if up, err = c.replay(ctx, key); up.Replayed || err != nil {
			return err
		}
		if first, err := c.firstSeen(ctx, cause); err != nil || !first {
			up.Outcome = games.Duplicate
			return err
		}
		before, err := scanPurchase(c.QueryRowContext(ctx, selectPurchase, id))
		if err != nil {
			return err
		}
		if up.Change, err = decide(before); err != nil {
			return err
		}
		if up.Outcome == games.Applied {
			if err := c.apply(ctx, before, up.Change); err != nil {
				return err
			}
		}
		return c.remember(ctx, key, up.Purchase)
	})
	if err != nil {
		return games.Update{}, err
	}
	return up, nil
}

func (c *change) firstSeen(ctx context.Context, cause games.Cause) (bool, error) {
	if cause.Consumer == "" {
		return true, nil
	}
	return outboxsqlite.FirstSeen(ctx, c, cause.Consumer, cause.MessageID)
}

// apply stores a change of a purchase, with its count and its events.
func (c *change) apply(ctx context.Context, before games.Purchase, ch games.Change) error {
	p := ch.Purchase
	err := c.exactlyOne(ctx, updatePurchase, p.ID, p.PaymentID, string(p.Status), p.FailureReason, p.Version,
		sqldb.Micros(p.UpdatedAt), sqldb.Micros(p.CompletedAt), sqldb.Micros(p.AskAt), p.Asked,
		string(before.Status), before.Version, before.Asked)
	if sqldb.IsUnique(err, indexPayment) {
		return games.ErrPaymentReused.WithCause(err)
	}
	if err != nil {
		return err
	}
	if err := c.count(ctx, p.GameID, games.CounterDelta(before.Status, p.Status)); err != nil {
		return err
	}
	return c.publish(ctx, ch.Events)
}

func (c *change) count(ctx context.Context, gameID string, delta int64) error {
	if delta == 0 {
		return nil
	}
	return c.exactlyOne(ctx, countGame, gameID, delta)
}

// AskUnsettled implements games.Repository.
func (r *Repository) AskUnsettled(ctx context.Context, due time.Time, limit int, ask func(games.Purchase) games.Change) (int, error) {
	// A look without a transaction first: mostly there is nothing to do.
	waiting, err := all(ctx, r.db.Read(), "find purchases to ask about", scanPurchase, selectDue, sqldb.Micros(due), 1)
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	n := 0
	err = r.write(ctx, "ask about purchases", func(ctx context.Context, c *change) error {
		ps, err := all(ctx, c, "find purchases to ask about", scanPurchase, selectDue, sqldb.Micros(due), limit)
		if err != nil {
			return err
		}
		for _, p := range ps {
			if err := c.apply(ctx, p, ask(p)); err != nil {
				return err
			}
		}
		n = len(ps)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// ForgetUser implements games.Repository.
func (r *Repository) ForgetUser(ctx context.Context, cause games.Cause, userID string) (games.Outcome, error) {
	outcome := games.Duplicate
	err := r.write(ctx, "forget a user", func(ctx context.Context, c *change) error {
		if first, err := c.firstSeen(ctx, cause); err != nil || !first {
			return err
		}
		outcome = games.Applied
		for _, statement := range []string{noteForgotten, forget} {
			if _, err := c.ExecContext(ctx, statement, userID); err != nil {
				return err
			}
		}
		_, err := c.ExecContext(ctx, forgetKeys, userID)
		return err
	})
	if err != nil {
		return "", err
	}
	return outcome, nil
}
