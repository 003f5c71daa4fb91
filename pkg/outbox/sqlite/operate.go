package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"gamestore.example/pkg/sqldb"
)

// Entry is a record as an operator sees it. A zero time means never.
type Entry struct {
	Seq int64
	// ID is the event's id, AggregateID what it is about, Key its routing key.
	ID, AggregateID, Key string
	CreatedAt            time.Time
	// AvailableAt is when it may be published next.
	AvailableAt time.Time
	// LeaseUntil is how long a relay has it, if one does.
	LeaseUntil time.Time
	// SentAt is zero while it waits.
	SentAt time.Time
	// Attempts counts the claims so far.
	Attempts int
	// LastError is why the last attempt failed; empty once it is sent.
	LastError string
}

const (
	entryColumns = `seq, id, aggregate_id, routing_key, created_at, available_at, lease_until, coalesce(sent_at, 0), attempts, last_error`

	selectPending = `SELECT ` + entryColumns + ` FROM outbox INDEXED BY outbox_unsent WHERE sent_at IS NULL ORDER BY seq LIMIT ?`
	// No index serves this: it costs what was published within the retention, once
	// for an operator's question and not with every event.
	selectAbout = `SELECT ` + entryColumns + ` FROM outbox WHERE aggregate_id = ? ORDER BY seq`

	retryNow = `UPDATE outbox SET available_at = ` + now + ` WHERE sent_at IS NULL AND available_at > ` + now
)

// Pending returns at most limit records that wait to be published, oldest first.
func (s *Store) Pending(ctx context.Context, limit int) ([]Entry, error) {
	return s.entries(ctx, "pending", selectPending, max(limit, 0))
}

// About returns what the outbox has about an aggregate, sent or not, oldest first.
// Sent records are pruned, so what is not here may have been sent long ago.
func (s *Store) About(ctx context.Context, aggregateID string) ([]Entry, error) {
	return s.entries(ctx, "about", selectAbout, aggregateID)
}

// RetryNow makes every record due that waits after a failure, and returns how many
// there were. Those that a relay has a lease of stay with it. Again is harmless.
func (s *Store) RetryNow(ctx context.Context) (int, error) {
	var n int64
	err := s.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		res, err := tx.ExecContext(ctx, retryNow)
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("outbox: retry now: %w", err)
	}
	return int(n), nil
}

func (s *Store) entries(ctx context.Context, what, query string, args ...any) (list []Entry, err error) {
	defer func() {
		if err != nil {
			list, err = nil, fmt.Errorf("outbox: %s: %w", what, sqldb.Classify(err))
		}
	}()
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

func scanEntry(rows *sql.Rows) (Entry, error) {
	var e Entry
	var created, available, lease, sent int64
	err := rows.Scan(&e.Seq, &e.ID, &e.AggregateID, &e.Key, &created, &available, &lease, &sent, &e.Attempts, &e.LastError)
	e.CreatedAt, e.AvailableAt = sqldb.FromMicros(created), sqldb.FromMicros(available)
	e.LeaseUntil, e.SentAt = sqldb.FromMicros(lease), sqldb.FromMicros(sent)
	return e, err
}

// Receipt says that a consumer took a message.
type Receipt struct {
	Consumer, MessageID string
	At                  time.Time
}

// Receipts returns which of the messages the consumers took. The inbox forgets
// after 30 days.
func (s *Store) Receipts(ctx context.Context, consumers, messageIDs []string) (list []Receipt, err error) {
	if len(consumers) == 0 || len(messageIDs) == 0 {
		return nil, nil
	}
	defer func() {
		if err != nil {
			list, err = nil, fmt.Errorf("inbox: receipts: %w", sqldb.Classify(err))
		}
	}()
	marks := func(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }
	args := make([]any, 0, len(consumers)+len(messageIDs))
	for _, a := range [][]string{consumers, messageIDs} {
		for _, v := range a {
			args = append(args, v)
		}
	}
	rows, err := s.db.Read().QueryContext(ctx, `SELECT consumer, message_id, received_at FROM inbox
		WHERE consumer IN (`+marks(len(consumers))+`) AND message_id IN (`+marks(len(messageIDs))+`)
		ORDER BY received_at`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r Receipt
		var at int64
		if err := rows.Scan(&r.Consumer, &r.MessageID, &at); err != nil {
			return nil, err
		}
		r.At = sqldb.FromMicros(at)
		list = append(list, r)
	}
	return list, rows.Err()
}
