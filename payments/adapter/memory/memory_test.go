package memory_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/payments/adapter/memory"
	"gamestore.example/payments/paymentstest"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRepository(t *testing.T) {
	paymentstest.RunRepository(t, func(_ *testing.T, encode paymentstest.Encoder) paymentstest.Harness {
		store := outboxmemory.NewStore(time.Now)
		return paymentstest.Harness{Repo: memory.NewRepository(encode, store, outbox.NewSignal()), Outbox: store}
	})
}
