package security_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	gamesapp "gamestore.example/games/app"
	"gamestore.example/gateway"
	gatewayapp "gamestore.example/gateway/app"
	paymentsapp "gamestore.example/payments/app"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/process"
	"gamestore.example/pkg/rpc"
	"gamestore.example/pkg/tlsfile"
	"gamestore.example/users/adapter/argon2"
	usersapp "gamestore.example/users/app"
)

const (
	adminEmail    = "admin@gamestore.example"
	passphrase    = "correct horse battery staple"
	webhookSecret = "the secret of the webhooks of this test"
	issuerName    = "gamestore"
)

// setup changes what a house is made of.
type setup struct {
	users   func(*usersapp.Config)
	gateway func(*gatewayapp.Config)
	// tls and trust are of all servers and clients; the zero values speak in plain text.
	tls   tlsfile.Server
	trust tlsfile.Client
	// quiet keeps errors alone in the log.
	quiet bool
}

// house is a store of which everything can be reached: each service behind a server of
// its own, a gateway in front of their servers (far) and one with the services in its
// own process (near), and what answers requests of the broker.
type house struct {
	t        testing.TB
	setup    setup
	dir      string
	clock    *clock
	log      *journal
	logger   *slog.Logger
	registry *prometheus.Registry
	spans    *spans
	bus      *memory.Bus
	users    *usersapp.App
	games    *gamesapp.App
	payments *paymentsapp.App
	// keyFetches counts requests for the key set.
	keyFetches atomic.Int64
	// urls are the base URLs of users, games, payments, near and far.
	urls map[string]string
	// doors are what is behind the URLs.
	doors  map[string]http.Handler
	rpc    map[string]rpc.Handler
	client *http.Client
	actors []lifecycle.Actor
	end    []func() error
}

// clock is everybody's clock.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// journal keeps all that was logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// open opens a house on SQLite and runs it until the test ends.
func open(t testing.TB, s setup) *house {
	t.Helper()
	h := &house{
		t: t, setup: s, dir: t.TempDir(), clock: &clock{}, log: &journal{}, registry: prometheus.NewRegistry(), spans: &spans{},
		urls: map[string]string{}, doors: map[string]http.Handler{}, client: &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}},
	}
	level := slog.LevelDebug
	if s.quiet {
		level = slog.LevelError
	}
	h.logger = observe.NewLogger(h.log, level, "json")
	t.Cleanup(func() { h.close() })
	secure, err := s.trust.Config()
	h.must(err)
	h.client.Transport.(*http.Transport).TLSClientConfig = secure
	h.must(h.build(s))
	h.run()
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) close() {
	h.client.CloseIdleConnections()
	for i := len(h.end) - 1; i >= 0; i-- {
		if err := h.end[i](); err != nil {
			h.t.Error(err)
		}
	}
}

func (h *house) dsn(name string) string { return "sqlite:" + filepath.Join(h.dir, name+".db") }

func (h *house) build(s setup) error {
	ctx := h.t.Context()
	h.bus = memory.New(memory.WithLogger(h.logger), memory.WithRetry(time.Millisecond, time.Millisecond))
	u := usersapp.Defaults()
	u.DSN, u.KeysDir, u.AdminEmail, u.AdminPassword = h.dsn("users"), filepath.Join(h.dir, "keys"), adminEmail, passphrase
	u.Hash.Params = argon2.Params{Memory: 8, Time: 1, Threads: 1} // what a hash costs has a test of its own
	if s.users != nil {
		s.users(&u)
	}
	var err error
	if h.users, err = usersapp.New(ctx, u, usersapp.Deps{Logger: h.logger, Registry: h.registry, Tracer: h.spans, Bus: h.bus, Now: h.clock.now}); err != nil {
		return err
	}
	h.end = append(h.end, h.users.Close)
	if err := h.serve("users", h.users); err != nil {
		return err
	}
	if h.games, err = gamesapp.New(ctx, h.gamesConfig(), gamesapp.Deps{
		Logger: h.logger, Registry: h.registry, Tracer: h.spans, Bus: h.bus, Verifier: h.verifier(), Now: h.clock.now,
	}); err != nil {
		return err
	}
	h.end = append(h.end, h.games.Close)
	p := paymentsapp.Defaults()
	p.DSN, p.WebhookSecret = h.dsn("payments"), webhookSecret
	if h.payments, err = paymentsapp.New(ctx, p, paymentsapp.Deps{
		Logger: h.logger, Registry: h.registry, Tracer: h.spans, Bus: h.bus, Verifier: h.verifier(), Now: h.clock.now,
	}); err != nil {
		return err
	}
	h.end = append(h.end, h.payments.Close)
	h.rpc = map[string]rpc.Handler{"users": h.users.RPC(), "games": h.games.RPC(), "payments": h.payments.RPC()}
	return errors.Join(h.serve("games", h.games), h.serve("payments", h.payments), h.front("near", s), h.front("far", s))
}

func (h *house) gamesConfig() gamesapp.Config {
	cfg := gamesapp.Defaults()
	cfg.DSN, cfg.Search = h.dsn("games"), "memory"
	return cfg
}

// verifier is what a service in a process of its own has: it fetches the keys.
func (h *house) verifier() *auth.Verifier {
	keys := auth.NewRemoteKeys(h.urls["users"]+"/.well-known/jwks.json", h.client, auth.RemoteKeysConfig{Now: h.clock.now})
	v, err := auth.NewVerifier(keys, auth.VerifierConfig{Issuer: issuerName, Audience: issuerName}, h.clock.now)
	h.must(err)
	return v
}

// serve listens for a service, with all that a process has around it.
func (h *house) serve(name string, app process.App) error {
	edge, err := process.Edge(name, app, process.Runtime{Logger: h.logger, Registry: h.registry, Tracer: h.spans})
	if err != nil {
		return err
	}
	return h.listen(name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/jwks.json" {
			h.keyFetches.Add(1)
		}
		edge.ServeHTTP(w, r)
	}))
}

func (h *house) listen(name string, handler http.Handler) error {
	s, err := httpserver.New(httpserver.Config{Addr: "127.0.0.1:0", TLS: h.setup.tls}, handler, h.logger)
	if err != nil {
		return err
	}
	h.urls[name], h.doors[name] = "http://"+s.Addr(), handler
	if h.setup.tls != (tlsfile.Server{}) {
		h.urls[name] = "https://" + s.Addr()
	}
	// The gateways come last and stop first.
	h.actors = append([]lifecycle.Actor{{Name: name, Run: s.Run}}, h.actors...)
	return nil
}

// front listens for a gateway.
func (h *house) front(name string, s setup) error {
	cfg := gatewayapp.Defaults()
	cfg.AddressRates, cfg.UserRates = gateway.Rates{}, gateway.Rates{} // limits have tests of their own
	cfg.Users, cfg.Games, cfg.Payments = h.urls["users"], h.urls["games"], h.urls["payments"]
	cfg.UpstreamTLS = s.trust
	if s.gateway != nil {
		s.gateway(&cfg)
	}
	deps := gatewayapp.Deps{Logger: h.logger, Registry: h.registry, Now: h.clock.now}
	if name == "near" {
		deps.Keys = h.users.Keyring()
		deps.Upstreams = map[string]http.Handler{
			gateway.Users: h.users.Handler(), gateway.Games: h.games.Handler(), gateway.Payments: h.payments.Handler(),
		}
	}
	g, err := gatewayapp.New(h.t.Context(), cfg, deps)
	if err != nil {
		return err
	}
	h.end = append(h.end, g.Close)
	return h.listen(name, g.Handler())
}

func (h *house) run() {
	var subscriptions []bus.Subscription
	actors := h.actors
	for _, app := range []process.App{h.users, h.games, h.payments} {
		subscriptions = append(subscriptions, app.Subscriptions()...)
		actors = append(actors, app.Actors()...)
	}
	queues := process.NewConsumers(h.bus, h.logger, subscriptions...)
	h.must(queues.Declare(h.t.Context()))
	actors = append(actors, queues.Actor())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- lifecycle.Group{Logger: h.logger, Drain: time.Minute}.Run(ctx, actors...) }()
	h.end = append(h.end, func() error { stop(); return <-done })
}
