package rabbit

import (
	"context"
	"sync"
	"time"
)

// sessionWait is how long work waits for a session before it gives up.
const sessionWait = 5 * time.Second

// current is what the session of the moment offers; there may be none.
type current[T any] struct {
	mu      sync.Mutex
	value   *T
	changed chan struct{} // closed when value changes
}

func newCurrent[T any]() *current[T] { return &current[T]{changed: make(chan struct{})} }

func (c *current[T]) set(value *T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value = value
	close(c.changed)
	c.changed = make(chan struct{})
}

// get waits a moment for a session.
func (c *current[T]) get(ctx context.Context) (*T, error) {
	timeout := time.NewTimer(sessionWait)
	defer timeout.Stop()
	for {
		c.mu.Lock()
		value, changed := c.value, c.changed
		c.mu.Unlock()
		if value != nil {
			return value, nil
		}
		select {
		case <-changed:
		case <-timeout.C:
			return nil, errNoBroker
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
