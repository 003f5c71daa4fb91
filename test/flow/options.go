package flow

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	gamesapp "gamestore.example/games/app"
	"gamestore.example/gateway"
	gatewayapp "gamestore.example/gateway/app"
	"gamestore.example/payments"
	paymentsapp "gamestore.example/payments/app"
	"gamestore.example/pkg/bus"
	"gamestore.example/users/adapter/argon2"
	usersapp "gamestore.example/users/app"
)

// The parts that a World can stand on.
const (
	Memory = "memory"
	// SQLite is a store in a temporary folder.
	SQLite = "sqlite"
	// Bleve is an index in a temporary folder.
	Bleve = "bleve"
	// Journal is the bus in memory with its journal in SQLite.
	Journal = "journal"
	// Rabbit is a RabbitMQ, at Options.Broker.
	Rabbit = "rabbit"
)

// Options say what a World is made of. The zero value is all in memory.
type Options struct {
	// Store is Memory or SQLite, Search Memory or Bleve, Bus Memory, Journal or Rabbit.
	Store, Search, Bus string
	// Broker is the URL of an empty virtual host, for Rabbit.
	Broker string
	// Retry is the waits of a delivery that failed; nil goes on for long.
	Retry []time.Duration
	// Games, Payments and Gateway change the configuration of an app.
	Games    func(*gamesapp.Config)
	Payments func(*paymentsapp.Config)
	Gateway  func(*gatewayapp.Config)
	// Consume changes what handles a queue.
	Consume func(bus.Subscription) bus.Subscription
}

// Durable is everything on disk, as the store runs by default.
func Durable() Options { return Options{Store: SQLite, Search: Bleve, Bus: Journal} }

func (o Options) withDefaults() Options {
	for _, part := range []*string{&o.Store, &o.Search, &o.Bus} {
		if *part == "" {
			*part = Memory
		}
	}
	switch {
	case o.Retry != nil:
	case o.Bus == Rabbit:
		o.Retry = brokerLadder()
	default:
		o.Retry = retryLadder()
	}
	if o.Games == nil {
		o.Games = func(*gamesapp.Config) {}
	}
	if o.Payments == nil {
		o.Payments = func(*paymentsapp.Config) {}
	}
	if o.Gateway == nil {
		o.Gateway = func(*gatewayapp.Config) {}
	}
	if o.Consume == nil {
		o.Consume = func(s bus.Subscription) bus.Subscription { return s }
	}
	return o
}

// Times of a World: as short as a slow machine under the race detector allows.
const (
	providerTimeout = 100 * time.Millisecond
	// chargeDelay is longer, so that a purchase without an answer is pending for a while.
	chargeDelay = 400 * time.Millisecond
	// askAfter is how long a purchase is pending before payments is asked again.
	askAfter = 400 * time.Millisecond
)

// retryLadder returns the waits of a delivery that failed. It goes on for longer than
// a test waits for anything: what a delivery needs may come late on a slow machine.
func retryLadder() []time.Duration {
	first := []time.Duration{5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond, 400 * time.Millisecond}
	return append(first, slices.Repeat([]time.Duration{time.Second}, int(2*Patience/time.Second))...)
}

// dsn is where a service's store is.
func (o Options) dsn(dir, name string) string {
	if o.Store == Memory {
		return Memory
	}
	return "sqlite:" + filepath.Join(dir, name+".db")
}

func (o Options) users(dir string) usersapp.Config {
	cfg := usersapp.Defaults()
	cfg.DSN, cfg.KeysDir = o.dsn(dir, "users"), filepath.Join(dir, "keys")
	cfg.AdminEmail, cfg.AdminPassword = AdminEmail, AdminPassword
	cfg.Hash.Params = argon2.Params{Memory: 8, Time: 1, Threads: 1} // what a hash costs is not the matter here
	return cfg
}

func (o Options) games(dir string) gamesapp.Config {
	cfg := gamesapp.Defaults()
	cfg.DSN, cfg.Search = o.dsn(dir, "games"), Memory
	if o.Search == Bleve {
		cfg.Search = "bleve:" + filepath.Join(dir, "index")
	}
	cfg.SweepAfter, cfg.SweepMax, cfg.SweepEvery = askAfter, 2*askAfter, 20*time.Millisecond
	o.Games(&cfg)
	return cfg
}

func (o Options) payments(dir string) paymentsapp.Config {
	cfg := paymentsapp.Defaults()
	cfg.DSN = o.dsn(dir, "payments")
	cfg.Timeout, cfg.ChargeDelay = providerTimeout, chargeDelay
	cfg.BreakerRatio = 1 // the provider is left alone only where a test wants it
	cfg.Core.Retry = payments.Backoff{First: 10 * time.Millisecond, Cap: 100 * time.Millisecond}
	cfg.Core.Reconcile = payments.Backoff{First: 10 * time.Millisecond, Cap: 100 * time.Millisecond}
	cfg.Core.MinGap = time.Millisecond
	cfg.Core.Poll = 20 * time.Millisecond
	cfg.Core.Lease = 10 * time.Second
	o.Payments(&cfg)
	return cfg
}

func (o Options) gateway() gatewayapp.Config {
	cfg := gatewayapp.Defaults()
	cfg.AddressRates, cfg.UserRates = gateway.Rates{}, gateway.Rates{} // limits have tests of their own
	o.Gateway(&cfg)
	return cfg
}

// check ends the test if a part does not exist.
func (o Options) check(t testing.TB) {
	t.Helper()
	known := func(part string, names ...string) {
		for _, n := range names {
			if part == n {
				return
			}
		}
		t.Fatalf("flow: there is no %q, want one of %v", part, names)
	}
	known(o.Store, Memory, SQLite)
	known(o.Search, Memory, Bleve)
	known(o.Bus, Memory, Journal, Rabbit)
}
