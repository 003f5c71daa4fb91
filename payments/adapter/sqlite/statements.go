package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gamestore.example/payments"
	"gamestore.example/pkg/sqldb"
)

const (
	columns = `id, purchase_id, user_id, amount, currency, method, provider, reference, status, reason,
    cancel_requested, refund_round, refund_request, attempts, tries, answered, first_charge_at, unknown_since, due_at,
    lease_id, lease_until, correlation_id, causation_id, trace, version, created_at, updated_at`

	selectByID       = `SELECT ` + columns + ` FROM payments WHERE id = ?`
	selectByPurchase = `SELECT ` + columns + ` FROM payments WHERE purchase_id = ?`
	selectDue        = `SELECT ` + columns + ` FROM payments INDEXED BY payments_due
WHERE due_at > 0 AND due_at <= ? ORDER BY due_at LIMIT ?`

	anyDue = `SELECT EXISTS (SELECT 1 FROM payments INDEXED BY payments_due WHERE due_at > 0 AND due_at <= ?)`

	insertPayment = `INSERT INTO payments (` + columns + `)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (purchase_id) DO NOTHING`

	// The version guards the state it was computed from: of two changes of the same
	// state one finds nothing to update.
	updatePayment = `
UPDATE payments SET reference = ?, status = ?, reason = ?, cancel_requested = ?, refund_round = ?, refund_request = ?,
    attempts = ?, tries = ?, answered = ?, first_charge_at = ?, unknown_since = ?, due_at = ?,
    lease_id = ?, lease_until = ?, correlation_id = ?, causation_id = ?, trace = ?, version = ?, updated_at = ?
WHERE id = ? AND version = ? AND status = ?`

	countByStatus = `SELECT count(*) FROM payments WHERE status = ?`
	// The gauges ask for these at each scrape: naming the index's condition lets SQLite
	// count in it.
	countUnresolved = `SELECT count(*) FROM payments WHERE status IN ('unknown', 'manual_review') AND status = ?`
)

// attempt is an attempt in its column: short names and integer times keep it small.
type attempt struct {
	Number   int    `json:"n"`
	Kind     string `json:"kind"`
	Started  int64  `json:"started"`
	Finished int64  `json:"finished,omitempty"`
	Outcome  string `json:"outcome,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

// insert stores a new payment, and reports whether its purchase had none.
func insert(ctx context.Context, tx sqldb.Querier, p payments.Payment) (bool, error) {
	attempts, trace, err := encode(p)
	if err != nil {
		return false, err
	}
	result, err := tx.ExecContext(ctx, insertPayment,
		p.ID, p.PurchaseID, p.UserID, p.Amount.Amount, p.Amount.Currency, p.Method, p.Provider, p.Reference,
		string(p.Status), p.Reason, p.CancelRequested, p.RefundRound, p.RefundRequest, attempts, p.Tries, p.Answered,
		sqldb.Micros(p.FirstChargeAt), sqldb.Micros(p.UnknownSince), sqldb.Micros(p.DueAt),
		p.Lease.ID, sqldb.Micros(p.Lease.Until), p.Origin.CorrelationID, p.Origin.CausationID, trace,
		p.Version, sqldb.Micros(p.CreatedAt), sqldb.Micros(p.UpdatedAt))
	if err != nil {
		return false, fmt.Errorf("insert payment: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

func update(ctx context.Context, tx sqldb.Querier, old, p payments.Payment) error {
	attempts, trace, err := encode(p)
	if err != nil {
		return err
	}
	result, err := tx.ExecContext(ctx, updatePayment,
		p.Reference, string(p.Status), p.Reason, p.CancelRequested, p.RefundRound, p.RefundRequest,
		attempts, p.Tries, p.Answered, sqldb.Micros(p.FirstChargeAt), sqldb.Micros(p.UnknownSince), sqldb.Micros(p.DueAt),
		p.Lease.ID, sqldb.Micros(p.Lease.Until), p.Origin.CorrelationID, p.Origin.CausationID, trace,
		p.Version, sqldb.Micros(p.UpdatedAt),
		old.ID, old.Version, string(old.Status))
	if err != nil {
		return fmt.Errorf("update payment: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("update payment: %d rows at version %d: %w", n, old.Version, errors.Join(err, errMoved))
	}
	return nil
}

// errMoved cannot happen with one writer: what is updated was read in the same
// transaction.
var errMoved = errors.New("the payment was changed meanwhile")

func find(ctx context.Context, q sqldb.Querier, s payments.Selector) (payments.Payment, error) {
	query, key := selectByID, s.ID
	if key == "" {
		query, key = selectByPurchase, s.PurchaseID
	}
	p, err := scan(q.QueryRowContext(ctx, query, key))
	if errors.Is(err, sql.ErrNoRows) {
		return payments.Payment{}, payments.ErrPaymentNotFound
	}
	if err != nil {
		return payments.Payment{}, fmt.Errorf("read payment: %w", err)
	}
	return p, nil
}

func dueAt(ctx context.Context, tx sqldb.Querier, now time.Time, limit int) (due []payments.Payment, err error) {
	rows, err := tx.QueryContext(ctx, selectDue, sqldb.Micros(now), limit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		p, err := scan(rows)
		if err != nil {
			return nil, err
		}
		due = append(due, p)
	}
	return due, rows.Err()
}

func (r *Repository) idle(ctx context.Context, now time.Time) (bool, error) {
	var due bool
	if err := r.db.Read().QueryRowContext(ctx, anyDue, sqldb.Micros(now)).Scan(&due); err != nil {
		return false, fmt.Errorf("look for due payments: %w", sqldb.Classify(err))
	}
	return !due, nil
}

// Count implements payments.Repository.
func (r *Repository) Count(ctx context.Context, s payments.Status) (int64, error) {
	query := countByStatus
	if s == payments.Unknown || s == payments.ManualReview {
		query = countUnresolved
	}
	var n int64
	if err := r.db.Read().QueryRowContext(ctx, query, string(s)).Scan(&n); err != nil {
		return 0, fmt.Errorf("count payments: %w", sqldb.Classify(err))
	}
	return n, nil
}

func scan(row interface{ Scan(dest ...any) error }) (payments.Payment, error) {
	var (
		p                                                       payments.Payment
		attempts, trace                                         string
		firstCharge, unknown, due, leaseUntil, created, updated int64
	)
	err := row.Scan(&p.ID, &p.PurchaseID, &p.UserID, &p.Amount.Amount, &p.Amount.Currency, &p.Method, &p.Provider,
		&p.Reference, &p.Status, &p.Reason, &p.CancelRequested, &p.RefundRound, &p.RefundRequest, &attempts, &p.Tries, &p.Answered,
		&firstCharge, &unknown, &due, &p.Lease.ID, &leaseUntil, &p.Origin.CorrelationID, &p.Origin.CausationID,
		&trace, &p.Version, &created, &updated)
	if err != nil {
		return payments.Payment{}, err
	}
	p.FirstChargeAt, p.UnknownSince, p.DueAt = sqldb.FromMicros(firstCharge), sqldb.FromMicros(unknown), sqldb.FromMicros(due)
	p.Lease.Until, p.CreatedAt, p.UpdatedAt = sqldb.FromMicros(leaseUntil), sqldb.FromMicros(created), sqldb.FromMicros(updated)
	return decode(p, attempts, trace)
}

func encode(p payments.Payment) (attempts, trace string, err error) {
	list := make([]attempt, len(p.Attempts))
	for i, a := range p.Attempts {
		list[i] = attempt{
			Number: a.Number, Kind: string(a.Kind), Started: sqldb.Micros(a.StartedAt),
			Finished: sqldb.Micros(a.FinishedAt), Outcome: string(a.Outcome), Reason: a.Reason,
		}
	}
	a, err := json.Marshal(list)
	if err != nil {
		return "", "", fmt.Errorf("encode attempts: %w", err)
	}
	if len(p.Origin.Trace) == 0 {
		return string(a), "", nil
	}
	t, err := json.Marshal(p.Origin.Trace)
	if err != nil {
		return "", "", fmt.Errorf("encode trace: %w", err)
	}
	return string(a), string(t), nil
}

func decode(p payments.Payment, attempts, trace string) (payments.Payment, error) {
	var list []attempt
	if err := json.Unmarshal([]byte(attempts), &list); err != nil {
		return p, fmt.Errorf("decode attempts of %s: %w", p.ID, err)
	}
	for _, a := range list {
		p.Attempts = append(p.Attempts, payments.Attempt{
			Number: a.Number, Kind: payments.Kind(a.Kind), StartedAt: sqldb.FromMicros(a.Started),
			FinishedAt: sqldb.FromMicros(a.Finished), Outcome: payments.Outcome(a.Outcome), Reason: a.Reason,
		})
	}
	if trace != "" {
		if err := json.Unmarshal([]byte(trace), &p.Origin.Trace); err != nil {
			return p, fmt.Errorf("decode trace of %s: %w", p.ID, err)
		}
	}
	return p, nil
}
