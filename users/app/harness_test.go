package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	busmemory "gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/process"
	"gamestore.example/users/adapter/argon2"
	"gamestore.example/users/app"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for another goroutine: long, because a machine may
// stall.
const patience = 2 * time.Minute

const password = "correct horse battery staple"

// cheap is a configuration whose hashes cost next to nothing.
func cheap(t *testing.T, dsn string) app.Config {
	cfg := app.Defaults()
	cfg.DSN, cfg.KeysDir = dsn, filepath.Join(t.TempDir(), "keys")
	cfg.Hash.Params = argon2.Params{Memory: 8, Time: 1, Threads: 1}
	cfg.AdminPassword = "the admin's own password"
	return cfg
}

func sqliteDSN(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "users.db") }

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

// running is the service with its server, its bus and its actors, as cmd/users
// runs them.
type running struct {
	*app.App
	t   *testing.T
	url string
	bus *busmemory.Bus
	log *log
	// events is what other services would get.
	events chan bus.Message
	stop   func()
}

func start(t *testing.T, cfg app.Config) *running {
	t.Helper()
	p := &running{t: t, log: &log{}, bus: busmemory.New(), events: make(chan bus.Message, 100)}
	registry := observe.NewRegistry("test", "test")
	var err error
	p.App, err = app.New(t.Context(), cfg, app.Deps{Logger: observe.NewLogger(p.log, nil, "json"), Registry: registry, Bus: p.bus})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := process.Edge("users", p.App, process.Runtime{
		Logger: observe.NewLogger(p.log, nil, "json"), Registry: registry, Tracer: noop.NewTracerProvider(),
	})
	if err != nil {
		t.Fatal(err)
	}
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

// runActors consumes and relays until the returned function is called.
func (p *running) runActors() (stop func()) {
	p.t.Helper()
	others := bus.Subscription{Queue: bus.Queue{Name: "others", Keys: []string{"user.*"}}, Handler: func(_ context.Context, m bus.Message) error {
		p.events <- m
		return nil
	}}
	var actors []lifecycle.Actor
	for _, s := range append(p.Subscriptions(), others) {
		if err := p.bus.Declare(p.t.Context(), s.Queue); err != nil {
			p.t.Fatal(err)
		}
		actors = append(actors, lifecycle.Actor{Name: s.Queue.Name, Run: func(ctx context.Context) error { return p.bus.Consume(ctx, s.Queue, s.Handler) }})
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- lifecycle.Group{}.Run(ctx, append(actors, p.Actors()...)...) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Errorf("actors: %v", err)
		}
	}
}

// event waits for the next event of the service.
func (p *running) event() bus.Message {
	p.t.Helper()
	select {
	case m := <-p.events:
		return m
	case <-time.After(patience):
		p.t.Fatal("no event came")
		return bus.Message{}
	}
}

// answer is what a call got.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) str(member string) string {
	s, _ := a.body[member].(string)
	return s
}

// caller calls the API over HTTP.
type caller struct {
	t      *testing.T
	url    string
	client *http.Client
	token  string
	ctx    context.Context //nolint:containedctx // marks the requests that are bad on purpose
}

func (p *running) caller() caller {
	client := &http.Client{Transport: &http.Transport{}}
	p.t.Cleanup(client.CloseIdleConnections)
	return caller{t: p.t, url: p.url, client: client, ctx: p.t.Context()}
}

func (c caller) as(token string) caller { c.token = token; return c }

// do sends a body as it is; headers come in pairs.
func (c caller) do(method, path, body string, headers ...string) answer {
	c.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(c.ctx, method, c.url+path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
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
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &a.body) // nil if it is no object
	return a
}

// want is do with an expected status.
func (c caller) want(status int, method, path, body string, headers ...string) answer {
	c.t.Helper()
	a := c.do(method, path, body, headers...)
	if a.status != status {
		c.t.Errorf("%s %s %s: got %d, want %d: %s", method, path, body, a.status, status, a.text)
	}
	return a
}

func (c caller) signUp(email string) string {
	c.t.Helper()
	return c.want(http.StatusCreated, http.MethodPost, "/api/users", jsonOf("email", email, "password", password, "name", "Ana")).str("id")
}

func (c caller) login(email, password string) (access, refresh string) {
	c.t.Helper()
	a := c.want(http.StatusOK, http.MethodPost, "/api/auth/login", jsonOf("email", email, "password", password))
	return a.str("accessToken"), a.str("refreshToken")
}

// jsonOf is an object of pairs of strings.
func jsonOf(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(b)
}
