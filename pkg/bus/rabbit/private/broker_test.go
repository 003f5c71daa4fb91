package private_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus/rabbit/private"
)

func TestANewBrokerOnAnOldFolderHasItsQueues(t *testing.T) {
	if !private.Installed() {
		if os.Getenv("CI") == "true" {
			t.Fatal("no rabbitmq-server is installed, and CI must have one")
		}
		t.Skip("no rabbitmq-server is installed")
	}
	dir := filepath.Join(t.TempDir(), "rabbitmq") // made by the broker
	start := func() *private.Broker {
		t.Helper()
		b, err := private.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := b.Stop(); err != nil {
				t.Error(err)
			}
		})
		return b
	}
	first := start()
	connection, err := amqp.Dial(first.URL)
	if err != nil {
		t.Fatal(err)
	}
	channel, err := connection.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := channel.QueueDeclare("stays", true, false, false, false, amqp.Table{"x-queue-type": "quorum"}); err != nil {
		t.Fatal(err)
	}
	if err := connection.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := private.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(t.Context()); !errors.Is(err, private.ErrInUse) {
		t.Fatalf("two brokers on one folder: %v", err)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	second := start()
	if out, err := second.Ctl(t.Context(), "list_queues", "name"); err != nil || !strings.Contains(out, "stays") {
		t.Fatalf("queues of the second broker: %q, %v", out, err)
	}
}
