package standalone

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/deploy/catalogue"
	"gamestore.example/deploy/control"
	"gamestore.example/deploy/folder"
	games "gamestore.example/games/app"
	"gamestore.example/gateway"
	gatewayapp "gamestore.example/gateway/app"
	payments "gamestore.example/payments/app"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/observed"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/process"
	"gamestore.example/pkg/tracing"
	users "gamestore.example/users/app"
	"gamestore.example/users/app/welcome"
)

// Deps is what the process gives the store.
type Deps struct {
	Logger   *slog.Logger
	Registry *prometheus.Registry
	// Tracing nil makes no spans. The store closes it.
	Tracing *tracing.Tracing
	// Level, if there is one, is what SIGUSR1 and SIGUSR2 change.
	Level *slog.LevelVar
	// AnnounceAdmin shows the generated password of the first admin, once.
	AnnounceAdmin func(email, password string) error
}

// Store is the composed store. It listens from New on and works while Run runs.
type Store struct {
	deps    Deps
	bus     bus.Bus
	users   *users.App
	games   *games.App
	pays    *payments.App
	welcome *welcome.App
	gateway *gatewayapp.App
	server  *httpserver.Server
	queues  *process.Consumers
	around  map[string]*observed.Observer
	// control is nil where no socket could be opened.
	control *control.Server
	// closers free what was opened, the last opened first.
	closers []func() error
}

// New composes the store from the inside out: bus, services, gateway, server. A
// folder that another process uses is an error.
func New(ctx context.Context, cfg Config, deps Deps) (_ *Store, err error) {
	s := &Store{deps: deps, closers: []func() error{deps.Tracing.Close}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := s.openData(ctx, cfg); err != nil {
		return nil, err
	}
	if err := s.observe(); err != nil {
		return nil, err
	}
	if err := s.openServices(ctx, cfg); err != nil {
		return nil, err
	}
	if cfg.Seed {
		if err := s.seed(ctx); err != nil {
			return nil, err
		}
	}
	return s, s.openGateway(ctx, cfg)
}

func (s *Store) seed(ctx context.Context) error {
	all, err := catalogue.Games()
	if err != nil {
		return err
	}
	seeded, err := s.games.Seed(ctx, all)
	if err != nil || !seeded {
		return err
	}
	return s.games.Reindex(ctx) // so that the first visitor finds what the events would bring a moment later
}

// openData takes the folder and opens the bus in it.
func (s *Store) openData(ctx context.Context, cfg Config) error {
	unlock, err := folder.Lock(cfg.Data)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, unlock)
	embedded := process.BusConfig{Journal: filepath.Join(cfg.Data, "bus.db")}
	b, closeBus, err := embedded.Open(ctx, "store", s.deps.Logger.With("service", "bus"), s.deps.Registry)
	if err != nil {
		return err
	}
	s.bus = b
	s.closers = append(s.closers, closeBus)
	s.openControl(ctx, cfg.Data)
	return nil
}

// openControl lets the operator's commands in. A store without it works as well, so
// that a folder where no socket can be, as one of a very long name, is no error.
func (s *Store) openControl(ctx context.Context, dir string) {
	dead, ok := s.bus.(bus.DeadLetters)
	if !ok {
		return
	}
	server, err := control.Listen(ctx, dir, dead, s.deps.Logger)
	if err != nil {
		s.deps.Logger.WarnContext(ctx, "dead letters cannot be replayed while the store runs", "error", err.Error())
		return
	}
	s.control = server
	s.closers = append(s.closers, server.Close)
}

// openServices composes the services and the welcome, and declares their queues before
// anything can be published.
func (s *Store) openServices(ctx context.Context, cfg Config) (err error) {
	log := func(service string) *slog.Logger { return s.deps.Logger.With("service", service) }
	if s.users, err = users.New(ctx, cfg.Users, users.Deps{
		Logger: log("users"), Registry: s.deps.Registry, Tracer: s.deps.Tracing.Provider("users"), Bus: s.publisher("users"), AnnounceAdmin: s.deps.AnnounceAdmin,
	}); err != nil {
		return err
	}
	s.closers = append(s.closers, s.users.Close)
	verifier, err := auth.NewVerifier(s.users.Keyring(), auth.VerifierConfig{
		Issuer: cfg.Users.TokenIssuer, Audience: cfg.Users.TokenAudience,
	}, time.Now)
	if err != nil {
		return err
	}
	if s.games, err = games.New(ctx, cfg.Games, games.Deps{
		Logger: log("games"), Registry: s.deps.Registry, Tracer: s.deps.Tracing.Provider("games"), Bus: s.publisher("games"), Verifier: verifier,
	}); err != nil {
		return err
	}
	s.closers = append(s.closers, s.games.Close)
	if s.pays, err = payments.New(ctx, cfg.Payments, payments.Deps{
		Logger: log("payments"), Registry: s.deps.Registry, Tracer: s.deps.Tracing.Provider("payments"), Bus: s.publisher("payments"), Verifier: verifier,
	}); err != nil {
		return err
	}
	s.closers = append(s.closers, s.pays.Close)
	if s.welcome, err = welcome.New(cfg.Welcome, welcome.Deps{
		Logger: log("welcome"), Registry: s.deps.Registry, Contacts: s.users.Contacts(),
	}); err != nil {
		return err
	}
	s.closers = append(s.closers, s.welcome.Close)
	s.queues = process.NewConsumers(s.bus, s.deps.Logger, s.subscriptions()...)
	return s.queues.Declare(ctx)
}

func (s *Store) openGateway(ctx context.Context, cfg Config) (err error) {
	logger := s.deps.Logger.With("service", "gateway")
	cfg.Gateway.TokenIssuer, cfg.Gateway.TokenAudience = cfg.Users.TokenIssuer, cfg.Users.TokenAudience
	if s.gateway, err = gatewayapp.New(ctx, cfg.Gateway, gatewayapp.Deps{
		Logger: logger, Registry: s.deps.Registry, Keys: s.users.Keyring(), Ready: s.Ready,
		Tracer: s.deps.Tracing.PublicProvider("gateway"),
		Upstreams: map[string]http.Handler{
			gateway.Users: s.traced("users", s.users.Handler()), gateway.Games: s.traced("games", s.games.Handler()),
			gateway.Payments: s.traced("payments", s.pays.Handler()),
		},
	}); err != nil {
		return err
	}
	s.closers = append(s.closers, s.gateway.Close)
	s.server, err = httpserver.New(cfg.HTTP, s.gateway.Handler(), logger)
	return err
}

func (s *Store) services() []process.App { return []process.App{s.users, s.games, s.pays, s.welcome} }

// Run works until ctx ends or a signal comes, then drains: no more requests, then
// no more deliveries, then the workers and relays, so that what was accepted is
// either done or waits in a file. Close comes after it.
func (s *Store) Run(ctx context.Context) error {
	actors := []lifecycle.Actor{{Name: "http", Run: s.server.Run}, s.queues.Actor()}
	if s.control != nil {
		actors = append(actors, lifecycle.Actor{Name: "control", Run: s.control.Run})
	}
	for _, app := range s.services() {
		actors = append(actors, app.Actors()...)
	}
	if s.deps.Level != nil {
		actors = append(actors, process.LevelActor(s.deps.Logger, s.deps.Level))
	}
	return lifecycle.Run(ctx, s.deps.Logger, actors...)
}

// Addr is the address that the gateway listens at.
func (s *Store) Addr() string { return s.server.Addr() }

// Games is the games app, for an operator's commands.
func (s *Store) Games() *games.App { return s.games }

// Ready tells whether every service's store answers.
func (s *Store) Ready(ctx context.Context) error {
	for _, app := range s.services() {
		if err := app.Ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close frees everything, the last opened first. It is safe after a failed New.
func (s *Store) Close() error {
	var failures []error
	if s.server != nil {
		s.server.Close()
	}
	for i := len(s.closers) - 1; i >= 0; i-- {
		failures = append(failures, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(failures...)
}
