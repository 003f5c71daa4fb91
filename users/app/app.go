// Package app puts the users service together.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/rpc"
	"gamestore.example/users"
	"gamestore.example/users/adapter/argon2"
	"gamestore.example/users/adapter/memory"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/amqpapi"
	"gamestore.example/users/transport/httpapi"
)

// jwksMaxAge is how long the public keys may be cached. A new key is published for
// longer than that before it signs.
const jwksMaxAge = time.Minute

// Deps is what the process gives the service. Bus is required.
type Deps struct {
	// Logger nil logs nothing; Registry nil registers nothing; Tracer nil makes no spans.
	Logger   *slog.Logger
	Registry *prometheus.Registry
	Tracer   trace.TracerProvider
	// Bus takes the events.
	Bus bus.Publisher
	// AnnounceAdmin shows the generated password of the first admin to whoever
	// starts the process, once. Nil refuses to generate one.
	AnnounceAdmin func(email, password string) error
	// Now is the clock; nil means time.Now. NewID makes ids; nil means UUIDv7.
	Now   func() time.Time
	NewID func() string
	// Entropy is where tokens and salts come from; nil means crypto/rand.
	Entropy io.Reader
}

func (d Deps) withDefaults() Deps {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Registry == nil {
		d.Registry = prometheus.NewRegistry()
	}
	if d.Tracer == nil {
		d.Tracer = noop.NewTracerProvider()
	}
	if d.AnnounceAdmin == nil {
		d.AnnounceAdmin = func(string, string) error {
			return errors.New("users: nobody is there to be told the admin's password")
		}
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.NewID == nil {
		d.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if d.Entropy == nil {
		d.Entropy = rand.Reader
	}
	return d
}

// App is the users service.
type App struct {
	deps     Deps
	store    *store
	ring     *auth.Keyring
	accounts *users.Accounts
	set      endpoints.Set
	handler  http.Handler
	rpc      *rpc.Mux
	relay    *outbox.Relay
	metrics  prometheus.Registerer
}

// New composes the service from the inside out. It opens the store, and makes the
// first admin when there is none; it listens nowhere and starts nothing else. Close
// the App to free the store.
func New(ctx context.Context, cfg Config, deps Deps) (_ *App, err error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if deps.Bus == nil {
		return nil, errors.New("users: a bus is required")
	}
	a := &App{deps: deps.withDefaults()}
	a.metrics = prometheus.WrapRegistererWith(prometheus.Labels{"service": "users"}, a.deps.Registry)

	signal := outbox.NewSignal() // from each commit to the relay
	if a.store, err = openStore(ctx, cfg.DSN, amqpapi.NewEncoder(a.deps.NewID), signal, a.deps.Now); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.store.close())
		}
	}()
	if err := a.store.observe(a.metrics, a.deps.Tracer); err != nil {
		return nil, err
	}
	if a.ring, err = auth.OpenKeyring(cfg.KeysDir, a.deps.Now, auth.WithKeyringLogger(a.deps.Logger)); err != nil {
		return nil, err
	}
	tokens, err := newTokenIssuer(a.ring, cfg, a.deps)
	if err != nil {
		return nil, err
	}
	svc, err := a.service(ctx, cfg, tokens)
	if err != nil {
		return nil, err
	}
	wrap, err := middleware.Standard("users", a.deps.Tracer, a.metrics, a.deps.Logger)
	if err != nil {
		return nil, err
	}
	a.accounts, a.set = svc, endpoints.New(svc, wrap, tokens.verifier)
	jwks := auth.JWKSHandler(a.ring, jwksMaxAge)
	a.handler = httpserver.WithDocs(httpapi.NewHandler(a.set, jwks, httpserver.LogErrors(a.deps.Logger)), contractusers.OpenAPI)
	services, err := auth.NewServiceVerifier(tokens.verifier, cfg.ServiceTokens) // what nothing else takes
	if err != nil {
		return nil, fmt.Errorf("users: -users.service.token: %w", err)
	}
	if a.rpc, err = amqpapi.NewServer(a.set, endpoints.NewContacts(svc, wrap, services), jwks); err != nil {
		return nil, err
	}
	a.relay, err = outbox.NewRelay(a.store.outbox, a.deps.Bus, signal, cfg.Outbox, a.deps.Logger, a.metrics)
	return a, err
}

// service is the core on its adapters, with a first admin.
func (a *App) service(ctx context.Context, cfg Config, tokens users.TokenIssuer) (*users.Accounts, error) {
	hasher, err := argon2.New(cfg.Hash, a.deps.Entropy)
	if err != nil {
		return nil, err
	}
	throttle, err := memory.NewThrottle(cfg.Throttle, a.deps.Now)
	if err != nil {
		return nil, err
	}
	svc, err := users.New(users.Deps{
		Repository: a.store.repo, Hasher: hasher, Tokens: tokens, Throttle: throttle,
		Entropy: a.deps.Entropy, Now: a.deps.Now, NewID: a.deps.NewID, SessionTTL: cfg.SessionTTL,
	})
	if err != nil || cfg.AdminEmail == "" {
		return svc, err
	}
	return svc, svc.EnsureAdmin(ctx, cfg.AdminEmail, cfg.AdminPassword, a.deps.AnnounceAdmin)
}

// Service is the outermost layer below the transports: calls go through all
// endpoint middlewares, and need the caller's token in the context.
func (a *App) Service() users.Service { return a.set }

// Handler serves the API and its reference. The process adds what is around it.
func (a *App) Handler() http.Handler { return a.handler }

// Contacts says how to reach people, to others in the same process: it asks for no token.
func (a *App) Contacts() users.Contacts { return a.accounts }

// Keyring holds the keys of the access tokens, so that others in the same process
// can verify them, and an operator's command can rotate them.
func (a *App) Keyring() *auth.Keyring { return a.ring }

// RPC answers requests over the broker.
func (a *App) RPC() rpc.Handler { return a.rpc }

// Subscriptions are the queues to consume.
func (a *App) Subscriptions() []bus.Subscription { return amqpapi.Subscriptions(a.set) }

// Actors are the parts that run beside servers and consumers, and after them
// when the process stops.
func (a *App) Actors() []lifecycle.Actor {
	sweeper := &sweeper{repo: a.store.repo, now: a.deps.Now, logger: a.deps.Logger}
	return []lifecycle.Actor{{Name: "users-relay", Run: a.relay.Run}, {Name: "users-sweeper", Run: sweeper.run}}
}

// Ready tells whether the store answers.
func (a *App) Ready(ctx context.Context) error { return a.store.ping(ctx) }

// Close closes the store. Call it after the actors have stopped.
func (a *App) Close() error { return a.store.close() }
