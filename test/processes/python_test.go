package processes_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"gamestore.example/deploy/up"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/event"
)

// python returns a Python that has pika. Without one the test is skipped, or fails if
// CI=true.
func python(t *testing.T) string {
	t.Helper()
	for _, path := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(t.Context(), path, "-c", "import pika").Run() == nil { //nolint:gosec // one of the two above
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no python3 with pika, and CI must have one")
	}
	t.Skip("no python3 with pika (Debian: apt-get install python3-pika)")
	return ""
}

// taps are what a queue of our own has seen.
type taps struct {
	mu   sync.Mutex
	seen []bus.Message
}

func (l *taps) handle(_ context.Context, m bus.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, m)
	return nil
}

func (l *taps) messages(key string) []bus.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.seen), func(m bus.Message) bool { return m.Key != key })
}

// tap listens to what happens on the bus until the test ends, and lets it speak there.
func (s *store) tap(keys ...string) (*taps, bus.Bus) {
	s.t.Helper()
	b, err := rabbit.New(rabbit.Config{URL: s.broker, Name: "test"})
	if err != nil {
		s.t.Fatal(err)
	}
	queue, heard := bus.Queue{Name: "test.tap", Keys: keys}, &taps{}
	if err := b.Declare(s.t.Context(), queue); err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Consume(ctx, queue, heard.handle) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
		if err := b.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return heard, b
}

// TestAPaymentWorkerInPython has purchases paid by a worker that knows the AsyncAPI
// document alone. No payments service runs.
func TestAPaymentWorkerInPython(t *testing.T) {
	path := python(t)
	script, err := filepath.Abs("../../payments/examples/worker.py")
	if err != nil {
		t.Fatal(err)
	}
	const worker = "worker.py"
	s := start(t, func(all []up.Program) []up.Program {
		return slices.DeleteFunc(all, func(p up.Program) bool { return p.Name == up.Payments })
	})
	heard, b := s.tap(contractgames.KeyGamePurchased, contractpayments.KeyPaymentCompleted)
	s.known = append(s.known, up.Program{Name: worker, Path: path, Args: []string{script}, Env: []string{"AMQP_URL=" + s.broker}})
	s.running = append(s.running, nil)
	waiting := func() int { return strings.Count(s.log.String(), "waiting for purchases") }
	s.restart(worker)
	await(t, "the worker waits for purchases", func() bool { return waiting() == 1 })

	games := s.sell(12)
	c := s.customer("ana")
	bought := c.buy(games, func() {
		s.kill(worker)
		s.restart(worker)
	})
	for _, p := range c.settle(bought) {
		if p.Status != "completed" {
			t.Errorf("purchase %s is %s", p.ID, p.Status)
		}
	}

	// Poison is set aside, and what was paid and is asked for again has the same payment.
	asked := heard.messages(contractgames.KeyGamePurchased)[0]
	before := len(heard.messages(contractpayments.KeyPaymentCompleted))
	poison := bus.Message{ID: "poison", Key: asked.Key, ContentType: event.ContentType, Body: []byte(`{"type":1}`)}
	if err := errors.Join(b.Publish(t.Context(), poison, asked)...); err != nil {
		t.Fatal(err)
	}
	await(t, "the poison is dead", func() bool { return strings.Contains(s.log.String(), "dead letter: ") })
	await(t, "the repeated question is answered", func() bool {
		return len(heard.messages(contractpayments.KeyPaymentCompleted)) > before
	})
	payments := map[string]string{}
	for _, m := range heard.messages(contractpayments.KeyPaymentCompleted) {
		p := paid(t, m)
		if other, known := payments[p.PurchaseID]; known && other != p.PaymentID {
			t.Errorf("purchase %s has the payments %s and %s", p.PurchaseID, other, p.PaymentID)
		}
		payments[p.PurchaseID] = p.PaymentID
	}
	if len(payments) != len(bought) {
		t.Errorf("%d purchases were paid, want %d", len(payments), len(bought))
	}
}

// paid reads an answer as strictly as the platform does.
func paid(t *testing.T, m bus.Message) contractpayments.PaymentChanged {
	t.Helper()
	e, err := event.Unmarshal(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.CheckType(contractpayments.KeyPaymentCompleted, contractpayments.Version); err != nil || e.ID != m.ID || e.CorrelationID == "" {
		t.Errorf("%v in %s: %s", err, m.ID, m.Body)
	}
	var p contractpayments.PaymentChanged
	if err := json.Unmarshal(e.Data, &p); err != nil {
		t.Fatal(err)
	}
	return p
}
