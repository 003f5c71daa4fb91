package memory_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/pkg/bus/bustest"
	"gamestore.example/pkg/bus/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	bustest.Run(t, func(*testing.T) bustest.Harness {
		b := memory.New(memory.WithRetry(time.Millisecond, 2*time.Millisecond, 3*time.Millisecond))
		return bustest.Harness{Bus: b, Dead: b, Attempts: 4}
	}, bustest.Features{})
}
