package observe_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// A breaker's goroutine lives as long as the process.
		goleak.IgnoreAnyFunction("github.com/streadway/handy/breaker.breaker.run"))
}
