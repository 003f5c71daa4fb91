// Package rabbittest gives tests a private RabbitMQ.
package rabbittest

import (
	"os"
	"testing"

	"gamestore.example/pkg/bus/rabbit/private"
)

// Broker is a private RabbitMQ.
type Broker = private.Broker

// Start starts a broker and returns when it takes connections. The test ends it.
// Without an installed RabbitMQ the test is skipped, or fails where CI=true.
func Start(t testing.TB) *Broker {
	t.Helper()
	if !private.Installed() {
		if os.Getenv("CI") == "true" {
			t.Fatal("no rabbitmq-server is installed, and CI must have one")
		}
		t.Skip("no rabbitmq-server is installed (Debian: apt-get install rabbitmq-server)")
	}
	b, err := started(t)
	for try := 1; err != nil && try < tries; try++ {
		t.Logf("once more, on other ports: %v", err)
		b, err = started(t)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// tries is how often a broker is started: somebody else may take a port that was free
// before the broker listens there.
const tries = 3

func started(t testing.TB) (*Broker, error) {
	t.Helper()
	b, err := private.New(t.TempDir())
	if err != nil {
		return nil, err
	}
	return b, b.Start(t.Context())
}

// URL returns the broker that AMQP_URL names, or that of a private one. The former
// should have an empty virtual host: what others left in its queues is delivered.
func URL(t testing.TB) string {
	t.Helper()
	if url := os.Getenv("AMQP_URL"); url != "" {
		return url
	}
	return Start(t).URL
}
