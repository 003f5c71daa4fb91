package process

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/sqldb"
)

// BusConfig chooses the bus: RabbitMQ when it has a URL, else the embedded one,
// which reaches nobody outside of the process.
type BusConfig struct {
	Rabbit rabbit.Config
	// Journal is the SQLite file of the embedded bus; empty keeps it in memory.
	Journal string
}

// RegisterFlags adds the flags -bus.*.
func (c *BusConfig) RegisterFlags(fs *flag.FlagSet, name string) {
	c.Rabbit.RegisterFlags(fs, "bus.")
	c.Rabbit.Ladder = bus.RetryLadder()
	fs.Var(ladder{&c.Rabbit.Ladder}, "bus.ladder", "waits before the 2nd, 3rd, … delivery of a failed message in RabbitMQ; each has a queue of its own there")
	fs.StringVar(&c.Journal, "bus.journal", "data/"+name+"-bus.db", "SQLite `file` of the embedded bus; empty forgets messages with the process")
}

// Open returns the bus and what closes it.
func (c *BusConfig) Open(ctx context.Context, name string, logger *slog.Logger, reg prometheus.Registerer) (bus.Bus, func() error, error) {
	if c.Rabbit.URL != "" {
		cfg := c.Rabbit
		cfg.Name, cfg.Logger, cfg.Registry = "gamestore-"+name, logger, reg
		b, err := rabbit.New(cfg)
		if err != nil {
			return nil, nil, err
		}
		return b, b.Close, nil
	}
	options := []memory.Option{memory.WithLogger(logger), memory.WithRegistry(reg)}
	if c.Journal == "" {
		return memory.New(options...), func() error { return nil }, nil
	}
	db, err := sqldb.OpenSQLite(ctx, c.Journal)
	if err != nil {
		return nil, nil, err
	}
	if err := sqlite.Migrate(ctx, db); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return memory.New(append(options, memory.WithJournal(sqlite.NewJournal(db)))...), db.Close, nil
}

// client is how somebody else in this process reaches the broker.
func (c *BusConfig) client(name string, logger *slog.Logger) rabbit.Config {
	cfg := c.Rabbit
	cfg.Name, cfg.Logger = "gamestore-"+name, logger
	return cfg
}

// declareEvery is how long to wait before declaring again while the broker is away.
const declareEvery = time.Second

// Consumers handles the queues of an app.
type Consumers struct {
	bus    bus.Bus
	logger *slog.Logger
	subs   []bus.Subscription
	// declared says that nothing is left to declare.
	declared bool
}

// NewConsumers returns the consumers of subscriptions. Declare comes before Run.
func NewConsumers(b bus.Bus, logger *slog.Logger, subs ...bus.Subscription) *Consumers {
	return &Consumers{bus: b, logger: logger, subs: subs}
}

// Declare makes the queues, so that nothing published from now on misses them. A
// broker that is away is no error: the process starts, and Run declares later.
func (c *Consumers) Declare(ctx context.Context) error {
	queues := make([]bus.Queue, len(c.subs))
	for i, s := range c.subs {
		queues[i] = s.Queue
	}
	err := c.bus.Declare(ctx, queues...)
	if err != nil && errs.ClassOf(err) == errs.Unavailable {
		c.logger.WarnContext(ctx, "queues are not declared yet", "error", err.Error())
		return nil
	}
	c.declared = err == nil
	return err
}

// Actor is what runs the consumers.
func (c *Consumers) Actor() lifecycle.Actor { return lifecycle.Actor{Name: "consumers", Run: c.Run} }

// Run consumes all queues until ctx ends.
func (c *Consumers) Run(ctx context.Context) error {
	for !c.declared {
		if err := c.Declare(ctx); err != nil {
			return err
		}
		if !c.declared && !wait(ctx, declareEvery) {
			return nil
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { // an app may have no queue at all
		<-ctx.Done()
		return nil
	})
	for _, s := range c.subs {
		group.Go(func() error { return c.bus.Consume(ctx, s.Queue, s.Handler) })
	}
	return group.Wait()
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
