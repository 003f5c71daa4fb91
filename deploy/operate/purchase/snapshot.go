package purchase

import (
	"time"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/pkg/errs"
)

// The services, as they are named in a snapshot.
const (
	Games    = "games"
	Payments = "payments"
)

// Snapshot is all that the databases say about one purchase at one time. A zero time
// in it means never.
type Snapshot struct {
	// Now is when it was taken.
	Now      time.Time `json:"now"`
	Purchase Purchase  `json:"purchase"`
	// Payment is nil as long as payments has none.
	Payment *Payment `json:"payment,omitempty"`
	// Events are about the purchase, oldest first. Sent ones are kept for a day.
	Events []Event `json:"events"`
	// DeadLetters are those about the purchase, oldest first.
	DeadLetters []Letter `json:"deadLetters"`
	// BusSeen says that somebody looked for dead letters.
	BusSeen bool `json:"busSeen"`
	// BusError is why nobody could.
	BusError string `json:"busError,omitempty"`
}

// Purchase is what games knows.
type Purchase struct {
	ID       string       `json:"id"`
	UserID   string       `json:"userId"`
	GameID   string       `json:"gameId"`
	Amount   int64        `json:"amount"`
	Currency string       `json:"currency"`
	Status   games.Status `json:"status"`
	// Reason is why it failed, or why its last refund did.
	Reason      string    `json:"reason,omitempty"`
	PaymentID   string    `json:"paymentId,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
	CompletedAt time.Time `json:"completedAt,omitzero"`
	// AskAt is when games asks payments again while it is pending.
	AskAt time.Time `json:"askAt,omitzero"`
	Asked int       `json:"asked"`
}

// Payment is what payments knows.
type Payment struct {
	ID              string          `json:"id"`
	Status          payments.Status `json:"status"`
	Reason          string          `json:"reason,omitempty"`
	Provider        string          `json:"provider"`
	CancelRequested bool            `json:"cancelRequested"`
	CreatedAt       time.Time       `json:"createdAt"`
	UpdatedAt       time.Time       `json:"updatedAt"`
	// DueAt is when a worker takes it next.
	DueAt time.Time `json:"dueAt,omitzero"`
	// LeasedUntil is how long a worker has it, if one does.
	LeasedUntil time.Time `json:"leasedUntil,omitzero"`
	Attempts    []Attempt `json:"attempts"`
}

// Attempt is a call to the provider, or what it told by itself.
type Attempt struct {
	Number     int              `json:"number"`
	Kind       payments.Kind    `json:"kind"`
	StartedAt  time.Time        `json:"startedAt"`
	FinishedAt time.Time        `json:"finishedAt,omitzero"`
	Outcome    payments.Outcome `json:"outcome,omitempty"`
	Reason     string           `json:"reason,omitempty"`
}

// Event is one that a service published, or is about to.
type Event struct {
	// From is the service whose outbox it is in.
	From      string    `json:"from"`
	ID        string    `json:"id"`
	Key       string    `json:"key"`
	WrittenAt time.Time `json:"writtenAt"`
	SentAt    time.Time `json:"sentAt,omitzero"`
	// NextTryAt is when the relay may take it; only while it is not sent.
	NextTryAt time.Time `json:"nextTryAt,omitzero"`
	// LeasedUntil is how long a relay has it, if one does.
	LeasedUntil time.Time `json:"leasedUntil,omitzero"`
	Attempts    int       `json:"attempts"`
	LastError   string    `json:"lastError,omitempty"`
	// Receipts are of the consumers that took it, as far as they write that down.
	Receipts []Receipt `json:"receipts"`
	// Queued are the queues of the embedded bus that it waits in.
	Queued []Queued `json:"queued"`
}

// Receipt says that a consumer took an event.
type Receipt struct {
	Consumer string    `json:"consumer"`
	At       time.Time `json:"at"`
}

// Queued is an event in a queue.
type Queued struct {
	Queue string `json:"queue"`
	// Attempt is the number of the next delivery, which may be under way.
	Attempt int `json:"attempt"`
	// DueAt is zero for one that need not wait.
	DueAt time.Time `json:"dueAt,omitzero"`
}

// Letter is a dead letter.
type Letter struct {
	Queue    string    `json:"queue"`
	ID       string    `json:"id"`
	Key      string    `json:"key"`
	Reason   errs.Code `json:"reason"`
	Attempts int       `json:"attempts"`
	At       time.Time `json:"at,omitzero"`
}

func (e Event) sent() bool { return !e.SentAt.IsZero() }

func (e Event) takenBy(consumer string) bool {
	for _, r := range e.Receipts {
		if r.Consumer == consumer {
			return true
		}
	}
	return false
}
