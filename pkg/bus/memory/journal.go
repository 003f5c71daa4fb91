package memory

import (
	"context"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
)

// Entry is one message in one queue.
type Entry struct {
	// ID is the journal's own name of the entry, unique for ever.
	ID int64
	// Queue is where it waits.
	Queue string
	// Message is what will be delivered; its Attempt is that of the next delivery.
	Message bus.Message
	// Due is when it may be delivered; zero means now.
	Due time.Time
	// Suspect says that several starts of the process found the entry: it may be what
	// ends it, so its deliveries are counted.
	Suspect bool
}

// Settlement is what became of a delivery.
type Settlement struct {
	// Entry is the entry as it is from now on.
	Entry Entry
	// Outcome is errs.Ack (erase it), errs.Retry (keep its Attempt and Due) or
	// errs.Dead (keep it as a dead letter).
	Outcome errs.Settle
	// Reason and At belong to a dead letter.
	Reason errs.Code
	At     time.Time
}

// Journal keeps on disk what the bus must not forget. All of it is safe for
// concurrent use, and every nil error means that the change survives a crash.
type Journal interface {
	// Append stores entries, all or none, and sets their IDs.
	Append(ctx context.Context, entries []Entry) error
	// Settle applies settlements in their order, all or none. It may get the same
	// ones again, and ignores ids that it does not have.
	Settle(ctx context.Context, settlements []Settlement) error
	// Load is for the start of a process: it returns what a queue holds, oldest first, and
	// the number of its dead letters. What was delivered too often without ever being
	// settled is a dead letter from now on, with the reason bus.ReasonDeliveryLimit.
	Load(ctx context.Context, queue string) (entries []Entry, dead int, err error)
	// Begin notes that a suspect entry is about to be delivered.
	Begin(ctx context.Context, id int64) error
	// DeadLetters returns at most limit dead letters of all queues, oldest first.
	DeadLetters(ctx context.Context, limit int) ([]bus.DeadLetter, error)
	// Replay makes the oldest dead letter with this message id an entry of its
	// queue again, at attempt 1 and due now, and returns it. bus.ErrNoDeadLetter
	// if there is none.
	Replay(ctx context.Context, queue, messageID string) (Entry, error)
	// Drop deletes the oldest dead letter with this message id.
	// bus.ErrNoDeadLetter if there is none.
	Drop(ctx context.Context, queue, messageID string) error
}
