package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"gamestore.example/games"
	"gamestore.example/games/app"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus"
	busmemory "gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/contract"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for another goroutine: long, because a machine may
// stall.
const patience = 2 * time.Minute

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// stores are the configurations that each story runs on.
func stores(t *testing.T) map[string]app.Config {
	t.Helper()
	inMemory, onDisk := app.Defaults(), app.Defaults()
	inMemory.DSN, inMemory.Search = "memory", "memory"
	onDisk.DSN, onDisk.Search = "sqlite:"+filepath.Join(t.TempDir(), "games.db"), "bleve:"+filepath.Join(t.TempDir(), "index")
	return map[string]app.Config{"memory": inMemory, "sqlite and bleve": onDisk}
}

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

// running is the service with its server, its bus and its actors, as cmd/games
// runs them, and with somebody who issues tokens and one who listens.
type running struct {
	*app.App
	t      *testing.T
	url    string
	bus    *busmemory.Bus
	log    *log
	issuer *auth.Issuer
	// events is what other services would get.
	events chan event.Event
	// drain tells the server to stop, as SIGTERM does; stop does so too, and waits.
	drain, stop func()
}

func start(t *testing.T, cfg app.Config) *running {
	t.Helper()
	p := &running{t: t, log: &log{}, bus: busmemory.New(), events: make(chan event.Event, 1000)}
	ring, err := auth.OpenKeyring(t.TempDir(), time.Now)
	p.ok(err)
	p.issuer, err = auth.NewIssuer(ring, auth.IssuerConfig{Issuer: "test", Audience: "test"}, time.Now, newID)
	p.ok(err)
	verifier, err := auth.NewVerifier(ring, auth.VerifierConfig{Issuer: "test", Audience: "test"}, time.Now)
	p.ok(err)
	registry := observe.NewRegistry("test", "test")
	p.App, err = app.New(t.Context(), cfg, app.Deps{
		Logger: observe.NewLogger(p.log, nil, "json"), Registry: registry, Bus: p.bus, Verifier: verifier,
	})
	p.ok(err)
	handler, err := process.Edge("games", p.App, process.Runtime{
		Logger: observe.NewLogger(p.log, nil, "json"), Registry: registry, Tracer: noop.NewTracerProvider(),
	})
	p.ok(err)
	server, err := httpserver.New(httpserver.Config{Addr: "127.0.0.1:0"}, handler, observe.NewLogger(p.log, nil, "json"))
	p.ok(err)
	p.url = "http://" + server.Addr()
	var done <-chan error
	p.drain, done = p.run(lifecycle.Actor{Name: "http", Run: server.Run})
	p.stop = sync.OnceFunc(func() {
		p.drain()
		if err := <-done; err != nil {
			t.Errorf("actors: %v", err)
		}
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	t.Cleanup(p.stop)
	return p
}

// run starts the server, the consumers and the actors, in the order in which they stop.
func (p *running) run(server lifecycle.Actor) (stop func(), done <-chan error) {
	p.t.Helper()
	others := bus.Subscription{Queue: bus.Queue{Name: "others", Keys: []string{"#"}, Concurrency: 1}, Handler: func(_ context.Context, m bus.Message) error {
		e, err := event.Unmarshal(m.Body)
		if err == nil && e.Source == "/games" {
			p.events <- e
		}
		return nil
	}}
	actors := []lifecycle.Actor{server}
	for _, s := range append(p.Subscriptions(), others) {
		p.ok(p.bus.Declare(p.t.Context(), s.Queue))
		actors = append(actors, lifecycle.Actor{Name: s.Queue.Name, Run: func(ctx context.Context) error { return p.bus.Consume(ctx, s.Queue, s.Handler) }})
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- lifecycle.Group{}.Run(ctx, append(actors, p.Actors()...)...) }()
	return cancel, ended
}

func (p *running) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// eventually polls until f is true.
func (p *running) eventually(what string, f func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !f(); {
		if time.Now().After(deadline) {
			p.t.Fatalf("never: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// event waits for the service's next event with the key about the subject.
func (p *running) event(key, subject string) event.Event {
	p.t.Helper()
	for deadline := time.After(patience); ; {
		select {
		case e := <-p.events:
			if e.Type == event.Type(key, "v1") && e.Subject == subject {
				return e
			}
		case <-deadline:
			p.t.Fatalf("no %s about %s", key, subject)
		}
	}
}

// token is an access token.
func (p *running) token(userID string, roles ...string) string {
	p.t.Helper()
	token, _, err := p.issuer.Issue(p.t.Context(), userID, append(roles, auth.RoleUser))
	p.ok(err)
	return token
}

// payment publishes what the payments service would.
func (p *running) payment(key, purchaseID string, amount money.Money, reason string) {
	p.t.Helper()
	p.publish(key, contractpayments.Source, purchaseID, contractpayments.PaymentChanged{
		PaymentID: "pay-" + purchaseID, PurchaseID: purchaseID, Amount: contract.Money(amount), Reason: reason, At: time.Now(),
	})
}

func (p *running) publish(key, source, subject string, payload any) {
	p.t.Helper()
	data, err := json.Marshal(payload)
	p.ok(err)
	e := event.Event{ID: newID(), Source: source, Type: event.Type(key, "v1"), Subject: subject, Time: time.Now(), Data: data}
	body, err := event.Marshal(e)
	p.ok(err)
	p.ok(p.bus.Publish(p.t.Context(), bus.Message{ID: e.ID, Key: key, ContentType: event.ContentType, Body: body})[0])
}

// price is what every paid game of the example costs.
var price = money.Money{Amount: 1999, Currency: "BRL"}

// seed puts the example into the store and waits until it can be searched.
func (p *running) seed() {
	p.t.Helper()
	released := time.Now().Add(-24 * time.Hour)
	catalogue := []games.Game{
		{ID: "chess", Name: "Chess", Category: "strategy", Price: price, ReleasedAt: released},
		{ID: "go", Name: "Go", Category: "strategy", Price: price, ReleasedAt: released},
		{ID: "owls", Name: "Tower of Owls", Description: "A quiet puzzle about loud birds.", Category: "puzzle", Price: price, ReleasedAt: released},
		{ID: "freecell", Name: "Freecell", Category: "puzzle", Price: money.Money{Currency: "BRL"}, ReleasedAt: released},
		{ID: "soon", Name: "Soon", Category: "strategy", Price: price, ReleasedAt: time.Now().Add(time.Hour)},
	}
	did, err := p.Seed(p.t.Context(), catalogue)
	p.ok(err)
	if !did {
		p.t.Fatal("the store was not empty")
	}
	c := p.caller("")
	p.eventually("the seed is indexed", func() bool { return len(c.do(http.MethodGet, "/api/games", "").list("items")) == len(catalogue) })
}
