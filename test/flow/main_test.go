package flow_test

import (
	"flag"
	"runtime"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		// Most of the time goes by waiting: for disks, timeouts and retries.
		if err := f.Value.Set(strconv.Itoa(max(4, runtime.GOMAXPROCS(0)))); err != nil {
			panic(err)
		}
	}
	// The breaker's goroutine lives as long as the process: handy has no way to end it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/streadway/handy/breaker.breaker.run"))
}
