package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"gamestore.example/payments/app"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus"
	busmemory "gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/contract"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/process"
)

// running is the service with its server, its bus and its actors, as cmd/payments
// runs them.
type running struct {
	*app.App
	t      *testing.T
	url    string
	bus    *busmemory.Bus
	log    *log
	issuer *auth.Issuer
	// events is what the games service would get.
	events chan bus.Message
	ids    int
	stop   func()
}

func start(t *testing.T, cfg app.Config) *running {
	t.Helper()
	return startWith(t, cfg, app.Deps{})
}

// startWith is start with a clock or a tracer of the test's own.
func startWith(t *testing.T, cfg app.Config, deps app.Deps) *running {
	t.Helper()
	p := &running{t: t, log: &log{}, events: make(chan bus.Message, 1000)}
	// A message that comes before what it is about is retried for longer than any wait.
	p.bus = busmemory.New(busmemory.WithRetry(slices.Repeat([]time.Duration{20 * time.Millisecond}, 10_000)...))
	ring, err := auth.OpenKeyring(t.TempDir(), time.Now)
	p.must(err)
	p.issuer, err = auth.NewIssuer(ring, auth.IssuerConfig{Issuer: "test", Audience: "test", TTL: time.Hour}, time.Now, func() string { return "token" })
	p.must(err)
	verifier, err := auth.NewVerifier(ring, auth.VerifierConfig{Issuer: "test", Audience: "test"}, time.Now)
	p.must(err)
	logger, registry := observe.NewLogger(p.log, nil, "json"), observe.NewRegistry("test", "test")
	deps.Logger, deps.Registry, deps.Bus, deps.Verifier = logger, registry, p.bus, verifier
	p.App, err = app.New(t.Context(), cfg, deps)
	p.must(err)
	handler, err := process.Edge("payments", p.App, process.Runtime{Logger: logger, Registry: registry, Tracer: noop.NewTracerProvider()})
	p.must(err)
	server := httptest.NewServer(handler)
	p.url = server.URL
	stopActors := p.runActors()
	p.stop = sync.OnceFunc(func() {
		server.Close()
		stopActors()
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	t.Cleanup(p.stop)
	return p
}

func (p *running) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// runActors consumes and works until the returned function is called.
func (p *running) runActors() (stop func()) {
	p.t.Helper()
	others := bus.Subscription{Queue: bus.Queue{Name: "others", Keys: []string{"payment.*"}}, Handler: func(_ context.Context, m bus.Message) error {
		p.events <- m
		return nil
	}}
	var actors []lifecycle.Actor
	for _, s := range append(p.Subscriptions(), others) {
		p.must(p.bus.Declare(p.t.Context(), s.Queue))
		actors = append(actors, lifecycle.Actor{Name: s.Queue.Name, Run: func(ctx context.Context) error { return p.bus.Consume(ctx, s.Queue, s.Handler) }})
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- lifecycle.Group{Drain: patience}.Run(ctx, append(actors, p.Actors()...)...) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Errorf("actors: %v", err)
		}
	}
}

// publish says what the games service would, with a new event id.
func (p *running) publish(key string, data any) {
	p.t.Helper()
	p.ids++
	p.publishAs(fmt.Sprintf("event-%d", p.ids), key, data)
}

func (p *running) publishAs(id, key string, data any) {
	p.t.Helper()
	payload, err := json.Marshal(data)
	p.must(err)
	body, err := event.Marshal(event.Event{
		ID: id, Source: contractgames.Source, Type: event.Type(key, contractgames.Version), Time: time.Now(),
		CorrelationID: "request-1", Data: payload,
	})
	p.must(err)
	p.must(errors.Join(p.bus.Publish(p.t.Context(), bus.Message{ID: id, Key: key, ContentType: event.ContentType, Body: body})...))
}

func price() contract.Money { return contract.Money{Amount: 1999, Currency: "BRL"} }

func (p *running) purchased(purchase, method string) {
	p.t.Helper()
	p.publish(contractgames.KeyGamePurchased, contractgames.GamePurchased{
		PurchaseID: purchase, GameID: "chess", UserID: "ana", Price: price(), PaymentMethod: method, PurchasedAt: time.Now(),
	})
}

func (p *running) cancelled(purchase string) {
	p.t.Helper()
	p.publish(contractgames.KeyPurchaseCancelled, contractgames.PurchaseChanged{PurchaseID: purchase, GameID: "chess", UserID: "ana", Price: price(), At: time.Now()})
}

func (p *running) refundRequested(purchase string) {
	p.t.Helper()
	p.publish(contractgames.KeyPurchaseRefundRequested, contractgames.PurchaseChanged{PurchaseID: purchase, GameID: "chess", UserID: "ana", Price: price(), At: time.Now()})
}

// nextEvent waits for the next event.
func (p *running) nextEvent() bus.Message {
	p.t.Helper()
	select {
	case m := <-p.events:
		return m
	case <-time.After(patience):
		p.t.Fatalf("no event came; the log:\n%s", p.log)
		return bus.Message{}
	}
}

// wantEvent waits for the next event and compares its key and reason.
func (p *running) wantEvent(key, reason string) contractpayments.PaymentChanged {
	p.t.Helper()
	m := p.nextEvent()
	e, err := event.Unmarshal(m.Body)
	p.must(err)
	var data contractpayments.PaymentChanged
	p.must(json.Unmarshal(e.Data, &data))
	if m.Key != key || data.Reason != reason || data.Amount != price() || e.CorrelationID != "request-1" {
		p.t.Errorf("got %s of %s, want %s %q", m.Key, m.Body, key, reason)
	}
	return data
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !so() {
		select {
		case <-deadline:
			t.Fatalf("%s: never", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// held is how much the provider holds for a purchase, and how often it charged.
func (p *running) held(purchase string) (amount int64, charges int) {
	p.t.Helper()
	entries, err := p.Simulated().Ledger(p.t.Context())
	p.must(err)
	for _, e := range entries {
		if e.Reference == purchase {
			amount += e.Held()
			charges += e.Charges
		}
	}
	return amount, charges
}

// token is an access token of somebody.
func (p *running) token(user string, roles ...string) string {
	p.t.Helper()
	raw, _, err := p.issuer.Issue(p.t.Context(), user, append(roles, auth.RoleUser))
	p.must(err)
	return raw
}

// caller calls the API over HTTP.
type caller struct {
	t      *testing.T
	url    string
	client *http.Client
	token  string
	ctx    context.Context
}

func (p *running) caller(token string) caller {
	client := &http.Client{Transport: &http.Transport{}}
	p.t.Cleanup(client.CloseIdleConnections)
	return caller{t: p.t, url: p.url, client: client, token: token, ctx: p.t.Context()}
}

// want sends a body as it is, and expects a status; headers come in pairs.
func (c caller) want(status int, method, path, body string, headers ...string) map[string]any {
	c.t.Helper()
	got, answer := c.do(method, path, body, headers...)
	if got != status {
		c.t.Errorf("%s %s: got %d, want %d: %v", method, path, got, status, answer)
	}
	return answer
}

func (c caller) do(method, path, body string, headers ...string) (int, map[string]any) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body == "" {
		req.Body = http.NoBody
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.client.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	var answer map[string]any
	_ = json.Unmarshal(text, &answer) // nil if it is no object
	return resp.StatusCode, answer
}
