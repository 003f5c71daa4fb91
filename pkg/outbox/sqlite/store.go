package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/sqldb"
)

// inboxRetention is how long duplicates are recognised.
const inboxRetention = 30 * 24 * time.Hour

// Store is the outbox of one database. It is safe for concurrent use, also by
// several processes. Its changes join the group commits of the service.
type Store struct{ db *sqldb.DB }

var _ outbox.Store = (*Store)(nil)

// NewStore returns the outbox in db, which Migrate has prepared.
func NewStore(db *sqldb.DB) *Store { return &Store{db: db} }

const claim = `
UPDATE outbox SET lease_owner = ?1, lease_until = ` + now + ` + ?2, attempts = attempts + 1
WHERE seq IN (
    SELECT seq FROM outbox INDEXED BY outbox_unsent
    WHERE sent_at IS NULL AND available_at <= ` + now + ` AND lease_until <= ` + now + `
    ORDER BY seq LIMIT ?3)
RETURNING seq, id, aggregate_id, type, routing_key, content_type, headers, payload, created_at, attempts`

// Claim implements outbox.Store.
func (s *Store) Claim(ctx context.Context, owner string, limit int, lease time.Duration) ([]outbox.Record, error) {
	var records []outbox.Record
	err := s.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		rows, err := tx.QueryContext(ctx, claim, owner, lease.Microseconds(), limit)
		if err != nil {
			return err
		}
		records, err = scanAll(rows)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("outbox: claim: %w", err)
	}
	// SQLite returns what it updated in any order.
	slices.SortFunc(records, func(a, b outbox.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return records, nil
}

func scanAll(rows *sql.Rows) (records []outbox.Record, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, rows.Err()
}

func scan(rows *sql.Rows) (outbox.Record, error) {
	var r outbox.Record
	var headers string
	var createdAt int64
	m := &r.Message
	err := rows.Scan(&r.Seq, &m.ID, &r.AggregateID, &r.Type, &m.Key, &m.ContentType, &headers, &m.Body, &createdAt, &r.Attempts)
	if err != nil {
		return r, err
	}
	r.CreatedAt = sqldb.FromMicros(createdAt)
	m.Headers, err = decodeHeaders(headers)
	return r, err
}

const markSent = `
UPDATE outbox SET sent_at = ` + now + `, lease_owner = '', lease_until = 0, last_error = ''
WHERE seq BETWEEN ? AND ? AND lease_owner = ? AND sent_at IS NULL`

// MarkSent implements outbox.Store. Sequence numbers without gaps are one statement.
func (s *Store) MarkSent(ctx context.Context, owner string, seqs ...int64) error {
	if len(seqs) == 0 {
		return nil
	}
	err := s.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		for run := range runs(seqs) {
			if _, err := tx.ExecContext(ctx, markSent, run.first, run.last, owner); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("outbox: mark sent: %w", err)
	}
	return nil
}

// run is sequence numbers without a gap.
type run struct{ first, last int64 }

// runs yields the fewest runs that hold the numbers and no other.
func runs(seqs []int64) iter.Seq[run] {
	return func(yield func(run) bool) {
		sorted := slices.Sorted(slices.Values(seqs))
		for len(sorted) > 0 {
			n := 1
			for n < len(sorted) && sorted[n] <= sorted[n-1]+1 {
				n++
			}
			if !yield(run{first: sorted[0], last: sorted[n-1]}) {
				return
			}
			sorted = sorted[n:]
		}
	}
}

const release = `
UPDATE outbox SET available_at = ` + now + ` + ?, last_error = ?, lease_owner = '', lease_until = 0
WHERE seq = ? AND lease_owner = ? AND sent_at IS NULL`

// Release implements outbox.Store.
func (s *Store) Release(ctx context.Context, owner string, failures ...outbox.Failure) error {
	if len(failures) == 0 {
		return nil
	}
	err := s.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		for _, f := range failures {
			if _, err := tx.ExecContext(ctx, release, f.RetryIn.Microseconds(), f.Reason, f.Seq, owner); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("outbox: release: %w", err)
	}
	return nil
}

const stats = `
SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL),
       coalesce((SELECT ` + now + ` - created_at FROM outbox WHERE sent_at IS NULL ORDER BY seq LIMIT 1), 0)`

// Stats implements outbox.Store.
func (s *Store) Stats(ctx context.Context) (outbox.Stats, error) {
	var st outbox.Stats
	var age int64
	if err := s.db.Read().QueryRowContext(ctx, stats).Scan(&st.Pending, &age); err != nil {
		return outbox.Stats{}, fmt.Errorf("outbox: stats: %w", sqldb.Classify(err))
	}
	st.OldestAge = time.Duration(max(age, 0)) * time.Microsecond
	return st, nil
}

// The oldest sent records are the first by seq, nearly; looking at as many as may
// be deleted needs no index on sent_at, and costs the same however many there are.
const pruneOutbox = `
DELETE FROM outbox WHERE seq IN (
    SELECT seq FROM (SELECT seq, sent_at FROM outbox WHERE sent_at IS NOT NULL ORDER BY seq LIMIT ?1)
    WHERE sent_at < ` + now + ` - ?2)`

const pruneInbox = `
DELETE FROM inbox WHERE (consumer, message_id) IN (
    SELECT consumer, message_id FROM inbox WHERE received_at < ` + now + ` - ?2 ORDER BY received_at LIMIT ?1)`

// Prune implements outbox.Store. It also forgets messages that the inbox took
// more than 30 days ago, at most limit of them, which do not count.
func (s *Store) Prune(ctx context.Context, olderThan time.Duration, limit int) (int, error) {
	var n int64
	err := s.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		res, err := tx.ExecContext(ctx, pruneOutbox, limit, olderThan.Microseconds())
		if err != nil {
			return err
		}
		if n, err = res.RowsAffected(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, pruneInbox, limit, inboxRetention.Microseconds())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("outbox: prune: %w", err)
	}
	return int(n), nil
}
