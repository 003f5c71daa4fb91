package rabbittest_test

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus/rabbit/rabbittest"
)

func TestABrokerStartsAgainOnItsDataAfterAKill(t *testing.T) {
	b := rabbittest.Start(t)
	connect := func() {
		t.Helper()
		c, err := amqp.Dial(b.URL)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	connect()
	if err := b.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := amqp.Dial(b.URL); err == nil {
		t.Fatal("it lives after a kill")
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	connect()
	out, err := b.Ctl(t.Context(), "list_queues", "name")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(out)
}
