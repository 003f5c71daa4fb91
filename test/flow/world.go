package flow

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	gamesapp "gamestore.example/games/app"
	gatewayapp "gamestore.example/gateway/app"
	"gamestore.example/payments/adapter/simulated"
	paymentsapp "gamestore.example/payments/app"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus"
	busmemory "gamestore.example/pkg/bus/memory"
	bussqlite "gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/sqldb"
	usersapp "gamestore.example/users/app"
)

// The names of a World's drivers.
const (
	InProcess = "in process"
	OverHTTP  = "http"
	// ThroughGateway has the services in the gateway's own process, ThroughGatewayHTTP
	// behind connections.
	ThroughGateway     = "gateway"
	ThroughGatewayHTTP = "gateway over http"
)

// World is a store with all its parts, running.
type World struct {
	// Clock is everybody's clock.
	Clock *Clock
	// Wire is the bus between the services.
	Wire *Wire
	// Gateways are the base URLs of ThroughGateway, ThroughGatewayHTTP and, on RabbitMQ,
	// ThroughGatewayAMQP.
	Gateways map[string]string
	// Client is what the drivers call with. It follows no redirects.
	Client *http.Client

	options  Options
	dir      string
	log      *logbook
	logger   *slog.Logger
	registry *prometheus.Registry
	ids      *ids
	issuer   *auth.Issuer
	users    *usersapp.App
	games    *gamesapp.App
	payments *paymentsapp.App
	drivers  []Driver
	// broker is what carries the Wire if that is a RabbitMQ, and subscriptions what is
	// consumed.
	broker        *broker
	subscriptions []bus.Subscription
	// handling counts the deliveries that a handler has now.
	handling atomic.Int64
	// closers end everything, the last one first.
	closers []func() error
}

// NewWorld builds and starts a store, and stops it at the end of the test, which
// fails if anything of it does not stop cleanly.
func NewWorld(t testing.TB, o Options) *World {
	t.Helper()
	o = o.withDefaults()
	o.check(t)
	w := &World{
		Clock: &Clock{}, Client: httpserver.NewClient(), options: o, dir: t.TempDir(), log: &logbook{},
		registry: prometheus.NewRegistry(), ids: &ids{},
	}
	w.logger = slog.New(notable{slog.NewTextHandler(w.log, nil)})
	t.Cleanup(func() { w.end(t) })
	if err := w.open(t.Context()); err != nil {
		t.Fatalf("flow: %v", err)
	}
	if err := w.start(); err != nil {
		t.Fatalf("flow: %v", err)
	}
	if w.broker != nil {
		if err := w.reachable(t.Context()); err != nil {
			t.Fatalf("flow: %v", err)
		}
	}
	return w
}

// Drivers returns every way to reach the store.
func (w *World) Drivers() []Driver { return w.drivers }

// Driver returns the driver with the name.
func (w *World) Driver(t testing.TB, name string) Driver {
	t.Helper()
	for _, d := range w.drivers {
		if d.Name == name {
			return d
		}
	}
	t.Fatalf("flow: there is no driver %q", name)
	return Driver{}
}

// EachDriver runs f as a subtest for each driver.
func (w *World) EachDriver(t *testing.T, f func(t *testing.T, d Driver)) {
	t.Helper()
	for _, d := range w.drivers {
		t.Run(d.Name, func(t *testing.T) { f(t, d) })
	}
}

// Provider is the payment provider, whose books are what the oracle believes.
func (w *World) Provider() *simulated.Provider { return w.payments.Simulated() }

// PlanID makes the games service use the id for what it makes next.
func (w *World) PlanID(id string) { w.ids.plan(id) }

// open builds the apps from the bus up.
func (w *World) open(ctx context.Context) error {
	if err := w.openBus(ctx); err != nil {
		return err
	}
	var err error
	w.users, err = usersapp.New(ctx, w.options.users(w.dir), usersapp.Deps{
		Logger: w.logger, Registry: w.registry, Bus: w.Wire, Now: w.Clock.Now,
	})
	if err != nil {
		return err
	}
	w.closers = append(w.closers, w.users.Close)
	verifier, err := auth.NewVerifier(w.users.Keyring(), auth.VerifierConfig{Issuer: tokenName, Audience: tokenName}, w.Clock.Now)
	if err != nil {
		return err
	}
	if w.issuer, err = auth.NewIssuer(w.users.Keyring(), auth.IssuerConfig{Issuer: tokenName, Audience: tokenName}, w.Clock.Now, uuid.NewString); err != nil {
		return err
	}
	w.games, err = gamesapp.New(ctx, w.options.games(w.dir), gamesapp.Deps{
		Logger: w.logger, Registry: w.registry, Bus: w.Wire, Verifier: verifier, Now: w.Clock.Now, NewID: w.ids.next,
	})
	if err != nil {
		return err
	}
	w.closers = append(w.closers, w.games.Close)
	w.payments, err = paymentsapp.New(ctx, w.options.payments(w.dir), paymentsapp.Deps{
		Logger: w.logger, Registry: w.registry, Bus: w.Wire, Verifier: verifier, Now: w.Clock.Now,
	})
	if err != nil {
		return err
	}
	w.closers = append(w.closers, w.payments.Close)
	return nil
}

// tokenName is the issuer and the audience of access tokens by default.
const tokenName = "gamestore"

func (w *World) openBus(ctx context.Context) error {
	if w.options.Bus == Rabbit {
		return w.openBroker()
	}
	options := []busmemory.Option{
		busmemory.WithRetry(w.options.Retry...), busmemory.WithLogger(w.logger), busmemory.WithRegistry(w.registry),
	}
	if w.options.Bus == Journal {
		db, err := sqldb.OpenSQLite(ctx, filepath.Join(w.dir, "bus.db"))
		if err != nil {
			return err
		}
		w.closers = append(w.closers, db.Close)
		if err := bussqlite.Migrate(ctx, db); err != nil {
			return err
		}
		options = append(options, busmemory.WithJournal(bussqlite.NewJournal(db)))
	}
	w.Wire = newWire(busmemory.New(options...))
	return nil
}

// gateway builds a gateway in front of the services, in its own process or, given
// their URLs, over HTTP.
func (w *World) gateway(urls map[string]string) (*gatewayapp.App, error) {
	cfg := w.options.gateway()
	deps := gatewayapp.Deps{Logger: w.logger, Registry: w.registry, Now: w.Clock.Now}
	if urls == nil {
		deps.Keys = w.users.Keyring()
		deps.Upstreams = map[string]http.Handler{
			"users": w.users.Handler(), "games": w.games.Handler(), "payments": w.payments.Handler(),
		}
	} else {
		cfg.Users, cfg.Games, cfg.Payments = urls["users"], urls["games"], urls["payments"]
	}
	g, err := gatewayapp.New(context.Background(), cfg, deps)
	if err == nil {
		w.closers = append(w.closers, g.Close)
	}
	return g, err
}

// ids makes the ids of the games service.
type ids struct {
	mu      sync.Mutex
	planned []string
}

func (i *ids) plan(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.planned = append(i.planned, id)
}

func (i *ids) next() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.planned) > 0 {
		id := i.planned[0]
		i.planned = i.planned[1:]
		return id
	}
	return uuid.Must(uuid.NewV7()).String()
}
