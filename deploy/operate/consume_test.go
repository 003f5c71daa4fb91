package operate_test

import (
	"context"
	"sync"
	"testing"

	"gamestore.example/pkg/bus"
)

// consume handles n messages of a queue, and returns their ids.
func consume(t *testing.T, b bus.Bus, queue string, n int) map[string]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var mu sync.Mutex
	ids := map[string]bool{}
	err := b.Consume(ctx, bus.Queue{Name: queue}, func(_ context.Context, m bus.Message) error {
		mu.Lock()
		defer mu.Unlock()
		if ids[m.ID] = true; len(ids) == n {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
