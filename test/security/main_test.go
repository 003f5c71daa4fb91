package security_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The breaker's goroutine lives as long as the process: handy has no way to end it.
		goleak.IgnoreAnyFunction("github.com/streadway/handy/breaker.breaker.run"),
		goleak.Cleanup(func(status int) { leave(status) }))
}
