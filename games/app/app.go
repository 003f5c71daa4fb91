// Package app puts the games service together.
package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"gamestore.example/games"
	meter "gamestore.example/games/adapter/prometheus"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/amqpapi"
	"gamestore.example/games/transport/httpapi"
	"gamestore.example/pkg/bus"
	contractgames "gamestore.example/pkg/contract/games"
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

// App is the games service.
type App struct {
	deps      Deps
	cfg       Config
	store     *store
	index     *index
	shop      *games.Shop
	set       endpoints.Set
	reactions endpoints.Reactions
	handler   http.Handler
	rpc       *rpc.Mux
	relay     *outbox.Relay
	metrics   prometheus.Registerer
}

// New composes the service from the inside out. It opens the store and the index,
// seeds an empty store, and builds an index that lacks games; it listens nowhere and starts nothing
// else. Close the App to free them.
func New(ctx context.Context, cfg Config, deps Deps) (_ *App, err error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if deps.Bus == nil || deps.Verifier == nil {
		return nil, errors.New("games: a bus and a verifier of tokens are required")
	}
	a := &App{deps: deps.withDefaults(), cfg: cfg}
	a.metrics = prometheus.WrapRegistererWith(prometheus.Labels{"service": "games"}, a.deps.Registry)
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()

	signal := outbox.NewSignal() // from each commit to the relay
	if a.store, err = openStore(ctx, cfg.DSN, signal, a.deps.Now); err != nil {
		return nil, err
	}
	if err := a.observeStore(); err != nil {
		return nil, err
	}
	if a.index, err = openIndex(cfg.Search, a.deps.Logger); err != nil {
		return nil, err
	}
	if a.shop, err = a.service(); err != nil {
		return nil, err
	}
	seeded, err := a.seedFrom(ctx, cfg.Seed)
	if err != nil {
		return nil, err
	}
	if seeded || a.index.needsRebuild() {
		if err := a.Reindex(ctx); err != nil {
			return nil, err
		}
	}
	wrap, err := middleware.Standard("games", a.deps.Tracer, a.metrics, a.deps.Logger)
	if err != nil {
		return nil, err
	}
	a.set = endpoints.New(a.shop, wrap, a.deps.Verifier)
	a.reactions = endpoints.NewReactions(a.shop, wrap)
	a.handler = httpserver.WithDocs(httpapi.NewHandler(a.set, httpserver.LogErrors(a.deps.Logger)), contractgames.OpenAPI)
	if a.rpc, err = amqpapi.NewServer(a.set); err != nil {
		return nil, err
	}
	a.relay, err = outbox.NewRelay(a.store.outbox, a.deps.Bus, signal, cfg.Outbox, a.deps.Logger, a.metrics)
	return a, err
}

func (a *App) observeStore() error {
	if err := a.store.observe(a.metrics, a.deps.Tracer); err != nil {
		return err
	}
	return meter.WatchPending(a.metrics, a.store.pending, a.deps.Now, a.deps.Logger)
}

// service is the core on its adapters.
func (a *App) service() (*games.Shop, error) {
	m, err := meter.NewMeter(a.metrics)
	if err != nil {
		return nil, err
	}
	return games.New(games.Config{
		RefundWindow: a.cfg.RefundWindow, AskAfter: a.cfg.SweepAfter, MaxAskDelay: a.cfg.SweepMax,
	}, games.Deps{
		Repository: a.store.repo, Search: a.index.search, Meter: m, Logger: a.deps.Logger, Now: a.deps.Now, NewID: a.deps.NewID,
	})
}

// Seed puts a catalogue with its ids into an empty store, and reports whether it
// did. The games are announced as new, so that they get into the index.
func (a *App) Seed(ctx context.Context, catalogue []games.Game) (bool, error) {
	return a.shop.Seed(ctx, catalogue)
}

// Reindex builds the search index anew from the store, while the old one goes on
// answering.
func (a *App) Reindex(ctx context.Context) error { return a.shop.Reindex(ctx) }

// Service is the outermost layer below the transports: calls go through all
// endpoint middlewares, and need the caller's token in the context.
func (a *App) Service() games.Service { return a.set }

// Handler serves the API and its reference. The process adds what is around it.
func (a *App) Handler() http.Handler { return a.handler }

// RPC answers requests over the broker.
func (a *App) RPC() rpc.Handler { return a.rpc }

// Subscriptions are the queues to consume.
func (a *App) Subscriptions() []bus.Subscription { return amqpapi.Subscriptions(a.reactions) }

// Actors are the parts that run beside servers and consumers, and after them
// when the process stops.
func (a *App) Actors() []lifecycle.Actor {
	u := &upkeep{shop: a.shop, every: a.cfg.SweepEvery, logger: a.deps.Logger}
	return []lifecycle.Actor{{Name: "games-upkeep", Run: u.run}, {Name: "games-relay", Run: a.relay.Run}}
}

// Ready tells whether the store answers. The index may be down: then searches fail,
// and nothing else.
func (a *App) Ready(ctx context.Context) error { return a.store.ping(ctx) }

// Close closes the index and the store. Call it after the actors have stopped.
func (a *App) Close() error {
	var failures []error
	if a.index != nil {
		failures = append(failures, a.index.close())
	}
	if a.store != nil {
		failures = append(failures, a.store.close())
	}
	return errors.Join(failures...)
}
