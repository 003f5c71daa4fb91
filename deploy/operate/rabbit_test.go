package operate_test

import (
	"context"
	"errors"
	"testing"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/errs"
)

// TestDeadLettersOnABroker lets a consumer refuse a message once: it dies, is
// listed, shown, replayed, handled, and gone.
func TestDeadLettersOnABroker(t *testing.T) {
	url := rabbittest.Start(t).URL
	b, err := rabbit.New(rabbit.Config{URL: url, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	q := bus.Queue{Name: "games.payments", Keys: []string{"payment.*"}}
	if err := b.Declare(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	m := bus.Message{ID: "m-1", Key: "payment.completed", ContentType: "application/json", Body: []byte(`{"a":1}`), Headers: map[string]string{"traceparent": "00-x"}}
	if err := errors.Join(b.Publish(t.Context(), m)...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = b.Consume(ctx, q, func(context.Context, bus.Message) error {
		cancel()
		return errs.New(errs.Invalid, "bad-body", "it cannot be read")
	})
	if err != nil {
		t.Fatal(err)
	}
	list := decode[[]letter](t, "dlq", "list", "-bus.url", url)
	if len(list) != 1 || list[0].Queue != q.Name || list[0].ID != "m-1" || list[0].Reason != "bad-body" {
		t.Fatalf("%+v", list)
	}
	t.Setenv("BUS_URL", url)
	has(t, mustRun(t, "dlq", "show", q.Name, "m-1"), `"a": 1`, "Header traceparent  00-x")
	if r := decode[result](t, "dlq", "replay", "-all"); r.Delivered != "now" || len(r.Letters) != 1 {
		t.Errorf("%+v", r)
	}
	if got := consume(t, b, q.Name, 1); !got["m-1"] {
		t.Errorf("handled %v", got)
	}
	has(t, mustRun(t, "dlq", "list"), "There are no dead letters.")
	mustFail(t, "there is no dead letter", "dlq", "drop", "-yes", q.Name, "m-1")
}
