package rabbit_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
)

// TestBury buries a message that was never consumed, and replays it.
func TestBury(t *testing.T) {
	cfg := rabbit.Config{URL: rabbittest.Start(t).URL}
	b, err := rabbit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	q := bus.Queue{Name: "example.things", Keys: []string{"thing.made"}}
	if err := b.Declare(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	m := bus.Message{ID: "m-1", Key: "thing.made", ContentType: "text/plain", Headers: map[string]string{"a": "b"}, Body: []byte("\xff"), Attempt: 3}
	if err := b.Bury(t.Context(), q.Name, m, "no-good"); err != nil {
		t.Fatal(err)
	}
	dead, err := rabbit.NewDeadLetters(cfg, "example")
	if err != nil {
		t.Fatal(err)
	}
	letters, err := dead.List(t.Context(), 10)
	if err != nil || len(letters) != 1 || letters[0].Queue != q.Name || letters[0].Reason != "no-good" {
		t.Fatalf("%+v, %v", letters, err)
	}
	if err := dead.Replay(t.Context(), q.Name, m.ID); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	got := make(chan bus.Message, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- b.Consume(ctx, q, func(_ context.Context, m bus.Message) error { got <- m; return nil })
	}()
	m.Attempt = 1
	if diff := cmp.Diff(m, <-got); diff != "" {
		t.Errorf("replayed (-want +got):\n%s", diff)
	}
	stop()
	if err := errors.Join(<-ended, b.Close()); err != nil {
		t.Error(err)
	}
}
