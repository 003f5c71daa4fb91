// Package app puts the payments service together.
package app

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"gamestore.example/payments"
	"gamestore.example/payments/adapter/guard"
	observer "gamestore.example/payments/adapter/prometheus"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/payments/endpoints"
	"gamestore.example/payments/transport/amqpapi"
	"gamestore.example/payments/transport/httpapi"
	"gamestore.example/pkg/bus"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/rpc"
)

// Deps is what the process gives the service. Bus and Verifier are required.
type Deps struct {
	// Logger nil logs nothing; Registry nil registers nothing; Tracer nil makes no spans.
	Logger   *slog.Logger
	Registry *prometheus.Registry
	Tracer   trace.TracerProvider
	// Bus takes the events.
	Bus bus.Publisher
	// Verifier says who an access token speaks for.
	Verifier middleware.TokenVerifier
	// Now is the clock; nil means time.Now. NewID makes ids; nil means UUIDv7.
	Now   func() time.Time
	NewID func() string
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
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.NewID == nil {
		d.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	return d
}

// App is the payments service.
type App struct {
	deps      Deps
	cfg       Config
	metrics   prometheus.Registerer
	closers   []func() error
	store     *store
	simulated *simulated.Provider
	worker    *payments.Worker
	set       endpoints.Set
	handler   http.Handler
	rpc       *rpc.Mux
	relay     *outbox.Relay
}

// New composes the service from the inside out. It opens the stores; it listens
// nowhere and starts nothing else. Close the App to free them.
func New(ctx context.Context, cfg Config, deps Deps) (_ *App, err error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if deps.Bus == nil || deps.Verifier == nil {
		return nil, errors.New("payments: a bus and a verifier of tokens are required")
	}
	a := &App{deps: deps.withDefaults(), cfg: cfg}
	a.metrics = prometheus.WrapRegistererWith(prometheus.Labels{"service": "payments"}, a.deps.Registry)
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	around, err1 := a.around(middleware.Tracing)
	calls, err2 := a.around(middleware.TracingCalls)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}

	// Adapters.
	signal := outbox.NewSignal() // from each commit to the relay
	if a.store, err = openStore(ctx, cfg.DSN, amqpapi.NewEncoder(a.deps.NewID), signal, a.deps.Now); err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.store.close)
	if err := a.store.observe(a.metrics, a.deps.Tracer); err != nil {
		return nil, err
	}
	if a.simulated, err = a.openProvider(ctx); err != nil {
		return nil, err
	}
	provider, err := guard.New(a.simulated, cfg.Timeout, middleware.Chain(calls, middleware.Breaker("provider", cfg.BreakerRatio)))
	if err != nil {
		return nil, err
	}
	heard, err := observer.NewObserver(a.metrics, a.deps.Logger, a.store.repo)
	if err != nil {
		return nil, err
	}

	// The service and its worker.
	svc, worker, err := payments.New(payments.Deps{
		Repository: a.store.repo, Providers: []payments.Provider{provider}, Observer: heard, Config: cfg.Core,
		Now: a.deps.Now, NewID: a.deps.NewID, Random: rand.Float64, Resume: amqpapi.Resume,
	})
	if err != nil {
		return nil, err
	}
	a.worker = worker

	// Endpoints and transports.
	a.set = endpoints.New(svc, middleware.Chain(around, middleware.Logging(a.deps.Logger), middleware.Recover()), a.deps.Verifier)
	a.handler = httpserver.WithDocs(httpapi.NewHandler(a.set, httpserver.LogErrors(a.deps.Logger)), contractpayments.OpenAPI)
	if a.rpc, err = amqpapi.NewServer(a.set); err != nil {
		return nil, err
	}
	a.relay, err = outbox.NewRelay(a.store.outbox, a.deps.Bus, signal, cfg.Outbox, a.deps.Logger, a.metrics)
	return a, err
}

// around is what is around each endpoint, or each call to the provider, the
// outermost first. Calls to the provider are logged by the observer.
func (a *App) around(tracing func(trace.Tracer) middleware.Factory) (middleware.Factory, error) {
	metrics, err := middleware.Metrics(a.metrics)
	return middleware.Chain(
		tracing(a.deps.Tracer.Tracer("gamestore.example/payments")),
		metrics,
	), err
}

func (a *App) openProvider(ctx context.Context) (*simulated.Provider, error) {
	secret, err := webhookSecret(a.cfg)
	if err != nil {
		return nil, err
	}
	ledger, closeLedger, err := openLedger(ctx, a.cfg.ledgerDSN())
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, closeLedger)
	return simulated.NewProvider(simulated.Config{
		Latency: a.cfg.Latency, ChargeDelay: a.cfg.ChargeDelay, Secret: secret,
	}, ledger, a.deps.Now, a.deps.NewID)
}

// Service is the outermost layer below the transports: calls go through all
// endpoint middlewares, and those for people need the caller's token in the context.
func (a *App) Service() payments.Service { return a.set }

// Handler serves the API and its reference. The process adds what is around it.
func (a *App) Handler() http.Handler { return a.handler }

// RPC answers requests over the broker.
func (a *App) RPC() rpc.Handler { return a.rpc }

// Subscriptions are the queues to consume.
func (a *App) Subscriptions() []bus.Subscription { return amqpapi.Subscriptions(a.set) }

// Actors are the parts that run beside servers and consumers, and after them when
// the process stops: the worker, then the relay of what it did.
func (a *App) Actors() []lifecycle.Actor {
	return []lifecycle.Actor{{Name: "payments-worker", Run: a.worker.Run}, {Name: "payments-relay", Run: a.relay.Run}}
}

// Simulated is the simulated provider behind the service, with its ledger: what was
// really charged. Tests, demonstrations and audits ask it.
func (a *App) Simulated() *simulated.Provider { return a.simulated }

// Ready tells whether the store answers.
func (a *App) Ready(ctx context.Context) error { return a.store.ping(ctx) }

// Close closes the stores. Call it after the actors have stopped.
func (a *App) Close() error {
	var errs []error
	for _, c := range a.closers {
		errs = append(errs, c())
	}
	a.closers = nil
	return errors.Join(errs...)
}
