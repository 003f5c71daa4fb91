package textbook

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// every is how often the relay looks for events to publish, and batch how many
	// it takes at most.
	every = 100 * time.Millisecond
	batch = 100
)

const outboxSchema = `
CREATE TABLE outbox (
    seq     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    key     TEXT NOT NULL,
    payload BLOB NOT NULL,
    sent_at INTEGER
);
CREATE INDEX outbox_unsent ON outbox (seq) WHERE sent_at IS NULL;`

// event is what travels.
type event struct {
	ID   string    `json:"id"`
	Type string    `json:"type"`
	Time time.Time `json:"time"`
	Data payload   `json:"data"`
}

// payload is the data of both events.
type payload struct {
	PurchaseID string `json:"purchaseId"`
	GameID     string `json:"gameId"`
	UserID     string `json:"userId"`
	Amount     int64  `json:"amount"`
	PaymentID  string `json:"paymentId,omitempty"`
}

// appendEvent writes an event to the outbox, in the transaction of what it tells.
func appendEvent(ctx context.Context, tx *sql.Tx, key string, p payload) error {
	e := event{ID: newID(), Type: key, Time: time.Now().UTC(), Data: p}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO outbox (id, key, payload) VALUES (?, ?, ?)`, e.ID, key, body)
	return err
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// relay publishes what is in an outbox.
type relay struct {
	ch *amqp.Channel
	db *sql.DB
}

func newRelay(ch *amqp.Channel, db *sql.DB) (*relay, error) {
	return &relay{ch: ch, db: db}, ch.Confirm(false)
}

func (r *relay) run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		n, err := r.publishSome(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("relay: %w", err)
		}
		if n == batch {
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

type row struct {
	seq     int64
	id, key string
	payload []byte
}

// publishSome publishes the oldest events, one after the other, and returns how many.
func (r *relay) publishSome(ctx context.Context) (int, error) {
	rows, err := r.unsent(ctx)
	if err != nil {
		return 0, err
	}
	for _, e := range rows {
		confirm, err := r.ch.PublishWithDeferredConfirmWithContext(ctx, exchange, e.key, true, false, amqp.Publishing{
			MessageId: e.id, ContentType: "application/json", DeliveryMode: amqp.Persistent, Body: e.payload,
		})
		if err != nil {
			return 0, err
		}
		if ok, err := confirm.WaitContext(ctx); err != nil || !ok {
			return 0, errors.Join(err, errors.New("the broker did not confirm"))
		}
		if _, err := r.db.ExecContext(ctx, `UPDATE outbox SET sent_at = ? WHERE seq = ?`, time.Now().UnixMicro(), e.seq); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

func (r *relay) unsent(ctx context.Context) (found []row, err error) {
	rows, err := r.db.QueryContext(ctx, `SELECT seq, id, key, payload FROM outbox WHERE sent_at IS NULL ORDER BY seq LIMIT ?`, batch)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var e row
		if err := rows.Scan(&e.seq, &e.id, &e.key, &e.payload); err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	return found, rows.Err()
}
