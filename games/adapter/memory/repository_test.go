package memory_test

import (
	"testing"
	"time"

	"gamestore.example/games/adapter/memory"
	"gamestore.example/games/gamestest"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
)

func TestRepository(t *testing.T) {
	gamestest.RunRepository(t, func(_ *testing.T, encode gamestest.Encoder) gamestest.Harness {
		store := outboxmemory.NewStore(time.Now)
		return gamestest.Harness{Repository: memory.NewRepository(store, encode, outbox.NewSignal()), Outbox: store}
	})
}
