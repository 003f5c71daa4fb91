package memory

import (
	"context"

	"gamestore.example/pkg/bus"
)

// List returns at most limit dead letters of all queues, oldest first: with a
// journal also those of queues that are not declared here.
func (b *Bus) List(ctx context.Context, limit int) ([]bus.DeadLetter, error) {
	return b.journal.DeadLetters(ctx, limit)
}

// Replay puts the oldest dead letter with this id back into its queue, over the
// capacity if need be. If the queue is not declared here, the next Declare finds it.
func (b *Bus) Replay(ctx context.Context, queue, messageID string) error {
	b.declaring.Lock() // a Declare now would load the entry, and it would be there twice
	defer b.declaring.Unlock()
	e, err := b.journal.Replay(ctx, queue, messageID)
	if err != nil {
		return err
	}
	if q := b.queue(queue); q != nil {
		q.countDead(-1)
		q.restore(&e)
	}
	return nil
}

// Drop deletes the oldest dead letter with this id.
func (b *Bus) Drop(ctx context.Context, queue, messageID string) error {
	if err := b.journal.Drop(ctx, queue, messageID); err != nil {
		return err
	}
	if q := b.queue(queue); q != nil {
		q.countDead(-1)
	}
	return nil
}
