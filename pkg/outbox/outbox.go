// Package outbox moves events from the transaction that caused them to the bus.
//
// A service's store writes a Record in the transaction of the change. The Relay
// claims records with a lease, publishes them outside any transaction and marks
// them sent after the broker's confirm. Committed therefore means published,
// at least once; consumers drop the duplicates with their inbox.
package outbox

import (
	"context"
	"time"

	"gamestore.example/pkg/bus"
)

// Record is one event waiting to be published.
type Record struct {
	// Seq is the store's own increasing number; zero until stored.
	Seq int64
	// AggregateID is what the event is about, such as a purchase id.
	AggregateID string
	// Type is the event's type, for people who look at the table.
	Type string
	// Message is what will be published.
	Message bus.Message
	// CreatedAt is the store's time of the change.
	CreatedAt time.Time
	// Attempts counts the claims so far.
	Attempts int
}

// Failure is a record that could not be published.
type Failure struct {
	Seq int64
	// Reason is the last error, for the operator. No secrets.
	Reason string
	// RetryIn is how long to wait before it may be claimed again.
	RetryIn time.Duration
}

// Stats is what waits in an outbox.
type Stats struct {
	// Pending is the number of unsent records.
	Pending int64
	// OldestAge is the age of the oldest of them; zero when there is none.
	OldestAge time.Duration
}

// Store is what a relay needs of a database. All times are the database's own,
// so that relays on machines with other clocks agree on leases.
type Store interface {
	// Claim leases up to limit unsent records, in Seq order, that are due and not
	// leased, or whose lease has run out.
	Claim(ctx context.Context, owner string, limit int, lease time.Duration) ([]Record, error)
	// MarkSent marks records sent, if owner still has their lease.
	MarkSent(ctx context.Context, owner string, seqs ...int64) error
	// Release gives records back, if owner still has their lease.
	Release(ctx context.Context, owner string, failures ...Failure) error
	// Stats says what waits.
	Stats(ctx context.Context) (Stats, error)
	// Prune deletes at most limit records that were sent before the age, and
	// returns how many.
	Prune(ctx context.Context, olderThan time.Duration, limit int) (int, error)
}
