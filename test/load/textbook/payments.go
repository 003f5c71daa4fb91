package textbook

import (
	"context"
	"database/sql"
	"path/filepath"
	"time"
)

const paymentsSchema = `
CREATE TABLE payments (
    id          TEXT PRIMARY KEY,
    purchase_id TEXT NOT NULL UNIQUE,
    user_id     TEXT NOT NULL,
    amount      INTEGER NOT NULL,
    status      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
);` + outboxSchema

// The provider's books are a database of its own, as the provider is.
const ledgerSchema = `
CREATE TABLE charges (key TEXT PRIMARY KEY, amount INTEGER NOT NULL, created_at INTEGER NOT NULL);`

type payments struct{ db, ledger *sql.DB }

func (f *Flow) openPayments(ctx context.Context, dir string) (*payments, error) {
	db, err := f.openDB(ctx, filepath.Join(dir, "payments.db"), paymentsSchema)
	if err != nil {
		return nil, err
	}
	ledger, err := f.openDB(ctx, filepath.Join(dir, "ledger.db"), ledgerSchema)
	return &payments{db: db, ledger: ledger}, err
}

// purchased stores a pending payment, charges it, and stores that it is completed. A
// repetition finds the payment, charges with the same key, which charges nothing, and
// changes nothing that is completed.
func (p *payments) purchased(ctx context.Context, e event) error {
	now := time.Now().UnixMicro()
	var id, status string
	err := inTx(ctx, p.db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO payments VALUES (?, ?, ?, ?, 'pending', ?, ?) ON CONFLICT DO NOTHING`,
			newID(), e.Data.PurchaseID, e.Data.UserID, e.Data.Amount, now, now)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT id, status FROM payments WHERE purchase_id = ?`, e.Data.PurchaseID).Scan(&id, &status)
	})
	if err != nil || status != "pending" {
		return err
	}
	_, err = p.ledger.ExecContext(ctx, `INSERT INTO charges VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, id, e.Data.Amount, now)
	if err != nil {
		return err
	}
	return inTx(ctx, p.db, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE payments SET status = 'completed', updated_at = ? WHERE id = ? AND status = 'pending'`, now, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		data := e.Data
		data.PaymentID = id
		return appendEvent(ctx, tx, keyPaid, data)
	})
}
