package app

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"gamestore.example/payments"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/pkg/outbox"
)

// storeSlack is how much longer a lease must be than the provider's timeout, so that
// the result of a call can be stored before somebody else takes over.
const storeSlack = 5 * time.Second

// Config is what the service can be told from outside.
type Config struct {
	// DSN is where payments are stored: "sqlite:<path>", or "memory" to forget them.
	DSN string
	// Provider is who moves the money; "simulated" moves none.
	Provider string
	// Timeout bounds one call to the provider. BreakerRatio is the share of failed
	// calls above which the provider is left alone for a moment.
	Timeout      time.Duration
	BreakerRatio float64
	// Latency is how long the simulated provider takes to answer, ChargeDelay how long
	// after a call that gets no answer it charges.
	Latency, ChargeDelay time.Duration
	// LedgerDSN is where the simulated provider keeps its books: like DSN. Empty means
	// beside the payments.
	LedgerDSN string
	// WebhookSecret signs the provider's webhooks. Empty means a random one: in a file
	// beside the payments, or, if they are in memory, for this run alone.
	WebhookSecret string
	// Core is how patient the service is.
	Core payments.Config
	// Outbox says how events leave the store.
	Outbox outbox.RelayConfig
}

// Defaults returns the configuration that needs no other.
func Defaults() Config {
	return Config{
		DSN:          "sqlite:data/payments.db",
		Provider:     simulated.Name,
		Timeout:      10 * time.Second,
		BreakerRatio: 0.5,
		ChargeDelay:  2 * time.Second,
		Core:         payments.DefaultConfig(),
		Outbox:       outbox.RelayConfig{Name: "payments"},
	}
}

// RegisterFlags sets c to the defaults and adds its flags under the prefix, such
// as "payments.".
func (c *Config) RegisterFlags(fs *flag.FlagSet, prefix string) {
	*c = Defaults()
	fs.StringVar(&c.DSN, prefix+"db.dsn", c.DSN, "where payments are stored: sqlite:`path`, or memory")
	fs.StringVar(&c.Provider, prefix+"provider", c.Provider, "who moves the money: simulated")
	fs.DurationVar(&c.Timeout, prefix+"provider.timeout", c.Timeout, "how long one call to the provider may take")
	fs.Float64Var(&c.BreakerRatio, prefix+"provider.breaker", c.BreakerRatio, "share of failed calls above which the provider is left alone for a moment")
	fs.DurationVar(&c.Latency, prefix+"provider.latency", c.Latency, "how long the simulated provider takes to answer")
	fs.DurationVar(&c.ChargeDelay, prefix+"provider.charge-delay", c.ChargeDelay, "how long after a call that gets no answer the simulated provider charges")
	fs.StringVar(&c.LedgerDSN, prefix+"provider.ledger.dsn", c.LedgerDSN, "where the simulated provider keeps its books: sqlite:`path`, or memory; empty means beside the payments")
	fs.StringVar(&c.WebhookSecret, prefix+"webhook.secret", c.WebhookSecret, "`secret` that signs webhooks; empty means a random one, kept beside the payments; prefer the variable to the flag")
	backoff := func(b *payments.Backoff, name, what string) {
		fs.DurationVar(&b.First, prefix+name+".first", b.First, "wait before the first "+what+"; it doubles each time")
		fs.DurationVar(&b.Cap, prefix+name+".cap", b.Cap, "longest wait before a "+what)
	}
	backoff(&c.Core.Retry, "retry", "repetition of a charge that did not reach the provider, or of a refund")
	backoff(&c.Core.Reconcile, "reconcile", "look-up of an unknown payment")
	backoff(&c.Core.Review, "review", "look-up of a payment in manual review")
	fs.IntVar(&c.Core.ReviewTries, prefix+"reconcile.tries", c.Core.ReviewTries, "how many look-ups it takes before a person should look")
	fs.DurationVar(&c.Core.ReviewAfter, prefix+"reconcile.after", c.Core.ReviewAfter, "how long a payment must be unknown before a person should look")
	fs.DurationVar(&c.Core.KeyWindow, prefix+"reconcile.key-window", c.Core.KeyWindow, "how long after its first charge a payment may be charged again with the same key, at most 24h")
	fs.DurationVar(&c.Core.MinGap, prefix+"reconcile.gap", c.Core.MinGap, "least time between two look-ups of a payment by request")
	fs.DurationVar(&c.Core.Lease, prefix+"worker.lease", c.Core.Lease, "how long a worker that died keeps its payments")
	fs.IntVar(&c.Core.Concurrency, prefix+"worker.concurrency", c.Core.Concurrency, "how many payments are driven at once")
	fs.DurationVar(&c.Core.Poll, prefix+"worker.poll", c.Core.Poll, "how often to look for due payments without being woken")
	fs.DurationVar(&c.Core.Grace, prefix+"worker.grace", c.Core.Grace, "how long calls to the provider may go on when stopping")
	c.Outbox.RegisterFlags(fs, prefix+"outbox.")
}

// The kinds of stores.
const (
	inMemory     = "memory"
	sqlitePrefix = "sqlite:"
)

// validate checks what the parts do not check themselves.
func (c Config) validate() error {
	for name, dsn := range map[string]string{"store": c.DSN, "simulated ledger": c.ledgerDSN()} {
		if dsn != inMemory && path(dsn) == "" {
			return fmt.Errorf("payments: the %s %q: want memory or sqlite:<path>", name, dsn)
		}
	}
	if c.Provider != simulated.Name {
		return fmt.Errorf("payments: the provider %q: want simulated", c.Provider)
	}
	if c.BreakerRatio <= 0 || c.BreakerRatio > 1 {
		return fmt.Errorf("payments: the provider's breaker at %v: want more than 0 and at most 1", c.BreakerRatio)
	}
	if c.Core.Lease < c.Timeout+storeSlack {
		return fmt.Errorf("payments: a lease of %v: want at least the provider's timeout and %v", c.Core.Lease, storeSlack)
	}
	return nil
}

// ledgerDSN is where the simulated provider keeps its books.
func (c Config) ledgerDSN() string {
	if c.LedgerDSN == "" && c.DSN != inMemory {
		return sqlitePrefix + beside(path(c.DSN), "-ledger.db")
	}
	if c.LedgerDSN == "" {
		return inMemory
	}
	return c.LedgerDSN
}

// path returns the path of a SQLite file, or "".
func path(dsn string) string {
	p, ok := strings.CutPrefix(dsn, sqlitePrefix)
	if !ok {
		return ""
	}
	return p
}

// beside returns the name of a file next to a database: data/payments.db gives
// data/payments<suffix>.
func beside(db, suffix string) string { return strings.TrimSuffix(db, filepath.Ext(db)) + suffix }
