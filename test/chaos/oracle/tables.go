package oracle

import (
	"context"
	"database/sql"
)

type tableReader func(ctx context.Context, db *sql.DB, s *Snapshot) error

// readers returns how each table of a store gets into a snapshot.
func readers(file string) map[string]tableReader {
	return map[string]tableReader{
		"games":       readGames,
		"purchases":   readPurchases,
		"payments":    readPayments,
		"charges":     readCharges,
		"users":       readAccounts,
		"history":     readHistory,
		"outbox":      readUnsent(file),
		"bus_entries": readJournal,
	}
}

// add appends all rows of a query to a list.
func add[T any](ctx context.Context, db *sql.DB, to *[]T, query string, read func(scan scanner, one *T) error) error {
	all, err := list(ctx, db, query, read)
	*to = append(*to, all...)
	return err
}

func readGames(ctx context.Context, db *sql.DB, s *Snapshot) error {
	return add(ctx, db, &s.Games, `SELECT id, name, description, category, price_amount, price_currency, purchases, version, deleted FROM games`,
		func(scan scanner, g *Game) error {
			return scan(&g.ID, &g.Name, &g.Description, &g.Category, &g.Price.Amount, &g.Price.Currency, &g.Purchases, &g.Version, &g.Deleted)
		})
}

func readPurchases(ctx context.Context, db *sql.DB, s *Snapshot) error {
	return add(ctx, db, &s.Purchases, `SELECT id, user_id, game_id, price_amount, price_currency, payment_method, payment_id, status FROM purchases`,
		func(scan scanner, p *Purchase) error {
			return scan(&p.ID, &p.UserID, &p.GameID, &p.Price.Amount, &p.Price.Currency, &p.Method, &p.PaymentID, &p.Status)
		})
}

func readPayments(ctx context.Context, db *sql.DB, s *Snapshot) error {
	return add(ctx, db, &s.Payments, `SELECT id, purchase_id, amount, currency, status, cancel_requested FROM payments`,
		func(scan scanner, p *Payment) error {
			return scan(&p.ID, &p.PurchaseID, &p.Amount.Amount, &p.Amount.Currency, &p.Status, &p.Cancelled)
		})
}

// readCharges adds up the refunds of a charge, which are a JSON array.
func readCharges(ctx context.Context, db *sql.DB, s *Snapshot) error {
	return add(ctx, db, &s.Charges, `
SELECT key, reference, amount, currency, charges,
 (SELECT coalesce(sum(value ->> '$.amount.Amount'), 0) FROM json_each(refunds)) FROM charges`,
		func(scan scanner, c *Charge) error {
			return scan(&c.Key, &c.Reference, &c.Amount.Amount, &c.Amount.Currency, &c.Times, &c.Refunded)
		})
}

func readAccounts(ctx context.Context, db *sql.DB, s *Snapshot) error {
	return add(ctx, db, &s.Accounts, `SELECT id, deleted_at <> 0 FROM users`,
		func(scan scanner, a *Account) error { return scan(&a.ID, &a.Deleted) })
}

func readHistory(ctx context.Context, db *sql.DB, s *Snapshot) error {
	return add(ctx, db, &s.History, `SELECT user_id, purchase_id, kind FROM history WHERE purchase_id <> ''`,
		func(scan scanner, e *HistoryEntry) error { return scan(&e.UserID, &e.PurchaseID, &e.Kind) })
}

func readUnsent(file string) tableReader {
	return func(ctx context.Context, db *sql.DB, s *Snapshot) error {
		return add(ctx, db, &s.Unsent, `SELECT id, routing_key FROM outbox WHERE sent_at IS NULL`,
			func(scan scanner, e *Event) error {
				e.File = file
				return scan(&e.ID, &e.Key)
			})
	}
}

func readJournal(ctx context.Context, db *sql.DB, s *Snapshot) error {
	return add(ctx, db, &s.Journal, `SELECT message_id, queue, routing_key, dead_at IS NOT NULL, reason FROM bus_entries`,
		func(scan scanner, m *Message) error { return scan(&m.ID, &m.Queue, &m.Key, &m.Dead, &m.Reason) })
}
