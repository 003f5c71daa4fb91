// Package sqlite keeps the outbox and the inbox in the SQLite file of a service.
//
// Append and FirstSeen run in the transaction of the effect: both are there, or neither.
// The Store is for the relay.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"

	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

// now is the database's clock in microseconds. It stands still within one statement.
const now = `CAST(1000000 * unixepoch('subsec') AS INTEGER)`

// Migrate makes the tables outbox and inbox, or brings them up to date.
func Migrate(ctx context.Context, db *sqldb.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("outbox migrations: %w", err)
	}
	return sqldb.Migrate(ctx, db, "outbox", files)
}

const appendRecord = `
INSERT INTO outbox (id, aggregate_id, type, routing_key, content_type, headers, payload, created_at, available_at)
SELECT ?, ?, ?, ?, ?, ?, ?, at, at FROM (SELECT ` + now + ` AS at)`

// appendLeased is the same with a lease from the beginning.
const appendLeased = `
INSERT INTO outbox (id, aggregate_id, type, routing_key, content_type, headers, payload, created_at, available_at, attempts, lease_owner, lease_until)
SELECT ?, ?, ?, ?, ?, ?, ?, at, at, 1, ?, at + ? FROM (SELECT ` + now + ` AS at)`

// Append adds records to the outbox, within the transaction of what they tell. Each
// needs a Message with an ID of its own and a Key. Wake the relay after the commit.
func Append(ctx context.Context, tx sqldb.Querier, records ...outbox.Record) error {
	for _, r := range records {
		if _, err := insert(ctx, tx, appendRecord, r); err != nil {
			return err
		}
	}
	return nil
}

// HandOver is Append for records that the relay of this process gets from h after the
// commit, if it takes them. Call h.Done then.
func HandOver(ctx context.Context, tx sqldb.Querier, h *outbox.Handover, records ...outbox.Record) error {
	for _, r := range records {
		lease, ok := h.Lease()
		if !ok {
			if err := Append(ctx, tx, r); err != nil {
				return err
			}
			continue
		}
		res, err := insert(ctx, tx, appendLeased, r, lease.Owner, lease.Length.Microseconds())
		if err != nil {
			return err
		}
		if r.Seq, err = res.LastInsertId(); err != nil {
			return fmt.Errorf("outbox: append %s: %w", r.Message.ID, err)
		}
		r.Attempts = 1
		h.Stored(r)
	}
	return nil
}

func insert(ctx context.Context, tx sqldb.Querier, query string, r outbox.Record, more ...any) (sql.Result, error) {
	m := r.Message
	headers, err := encodeHeaders(m.Headers)
	if err != nil {
		return nil, fmt.Errorf("outbox: headers of %s: %w", m.ID, err)
	}
	body := m.Body
	if body == nil {
		body = []byte{}
	}
	args := append([]any{m.ID, r.AggregateID, r.Type, m.Key, m.ContentType, headers, body}, more...)
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("outbox: append %s: %w", m.ID, err)
	}
	return res, nil
}

const insertSeen = `INSERT INTO inbox (consumer, message_id, received_at) VALUES (?, ?, ` + now + `) ON CONFLICT DO NOTHING`

// FirstSeen notes that a consumer takes a message and reports whether it is the
// first time; false means a duplicate, to be acknowledged without effect. Call
// it first in the transaction of the effect.
func FirstSeen(ctx context.Context, tx sqldb.Querier, consumer, messageID string) (bool, error) {
	res, err := tx.ExecContext(ctx, insertSeen, consumer, messageID)
	if err != nil {
		return false, fmt.Errorf("inbox: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("inbox: %w", err)
	}
	return n == 1, nil
}

func encodeHeaders(h map[string]string) (string, error) {
	if len(h) == 0 {
		return "{}", nil
	}
	b, err := json.Marshal(h)
	return string(b), err
}

func decodeHeaders(s string) (map[string]string, error) {
	if s == "{}" {
		return nil, nil
	}
	var h map[string]string
	err := json.Unmarshal([]byte(s), &h)
	return h, err
}
