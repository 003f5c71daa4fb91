package app_test

import (
	"bytes"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/payments"
	"gamestore.example/payments/app"
)

func TestMain(m *testing.M) {
	// A breaker's goroutine lives as long as the process.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/streadway/handy/breaker.breaker.run"))
}

// patience is how long a test waits for another goroutine: long, because a machine may
// stall, and it costs nothing while all is well.
const patience = 2 * time.Minute

// quick is a configuration without long waits between tries. A call to the provider
// may take long: what a test expects must not depend on a slow disk.
func quick(dsn string) app.Config {
	cfg := app.Defaults()
	cfg.DSN = dsn
	cfg.Timeout, cfg.ChargeDelay = 20*time.Second, 60*time.Millisecond
	cfg.Core.Reconcile = payments.Backoff{First: 20 * time.Millisecond, Cap: time.Second}
	cfg.Core.Retry = payments.Backoff{First: 20 * time.Millisecond, Cap: time.Second}
	cfg.Core.Poll = 20 * time.Millisecond
	return cfg
}

// hasty gives calls to the provider up soon, for methods that get no answer.
func hasty(dsn string) app.Config {
	cfg := quick(dsn)
	cfg.Timeout = 50 * time.Millisecond
	return cfg
}

// never is the schedule of what no worker is to do during a test.
func never() payments.Backoff { return payments.Backoff{First: 24 * time.Hour, Cap: 24 * time.Hour} }

func sqliteDSN(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "payments.db") }

// log is a buffer that many goroutines write to.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
