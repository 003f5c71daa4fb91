package flow_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The breaker's goroutine lives as long as the process: handy has no way to end it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/streadway/handy/breaker.breaker.run"))
}
