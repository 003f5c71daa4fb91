package outbox

import (
	"context"
	"crypto/rand"
	"flag"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/fault"
)

// RelayConfig says how a relay works. A zero field means its default.
type RelayConfig struct {
	// Name tells the relay's leases and log lines from others'. Default "outbox".
	Name string
	// Batch is the most records that are claimed and published at once. Default 256.
	Batch int
	// Lease is how long a claim holds: what a relay that died had claimed is
	// published after at most this. Default 30 seconds.
	Lease time.Duration
	// Poll is about how often a relay looks without being woken, for what a crash
	// left behind and what is due again. Default 1 second.
	Poll time.Duration
	// MinBackoff and MaxBackoff bound the wait after a failure. Defaults 50
	// milliseconds and 2 seconds.
	MinBackoff, MaxBackoff time.Duration
	// Refused is how long a record waits that can never be published as it is. Default 10
	// minutes.
	Refused time.Duration
	// Flush is how long publishing may go on after Run's context ended. Default
	// 3 seconds.
	Flush time.Duration
	// Retention is how long sent records stay for people to look at. Default 24 hours.
	Retention time.Duration
	// Measure is how often the gauges are brought up to date. Default 5 seconds.
	Measure time.Duration
	// Prune is about how often old records are deleted. Default 1 minute.
	Prune time.Duration
}

// RegisterFlags adds the flags <prefix>lease and <prefix>retention.
func (c *RelayConfig) RegisterFlags(fs *flag.FlagSet, prefix string) {
	*c = c.withDefaults()
	fs.DurationVar(&c.Lease, prefix+"lease", c.Lease, "how long events that a dead relay had claimed wait for another")
	fs.DurationVar(&c.Retention, prefix+"retention", c.Retention, "how long sent events stay to be looked at")
}

func (c RelayConfig) withDefaults() RelayConfig {
	or := func(d *time.Duration, fallback time.Duration) {
		if *d <= 0 {
			*d = fallback
		}
	}
	if c.Name == "" {
		c.Name = "outbox"
	}
	if c.Batch <= 0 {
		c.Batch = 256
	}
	or(&c.Lease, 30*time.Second)
	or(&c.Poll, time.Second)
	or(&c.MinBackoff, 50*time.Millisecond)
	or(&c.MaxBackoff, 2*time.Second)
	c.MaxBackoff = max(c.MinBackoff, c.MaxBackoff)
	or(&c.Refused, 10*time.Minute)
	or(&c.Flush, 3*time.Second)
	or(&c.Retention, 24*time.Hour)
	or(&c.Measure, 5*time.Second)
	or(&c.Prune, time.Minute)
	return c
}

// Relay publishes what waits in an outbox. Several may serve the same one.
type Relay struct {
	store   Store
	pub     bus.Publisher
	signal  Signal
	cfg     RelayConfig
	owner   string
	metrics *metrics
	logger  *slog.Logger

	// The parts whose failure is logged when it begins and when it ends.
	storing, publishing, measuring, pruning *health

	// settling is the batch before, whose result is being stored.
	settling sync.WaitGroup
	// claimAt is when to look into the store without being woken.
	claimAt time.Time
	// failures counts the rounds in a row that got nowhere.
	failures int
}

// NewRelay returns a relay from store to pub that is woken by sig. It registers its
// metrics with reg; relays that share one share the metrics too.
func NewRelay(
	store Store, pub bus.Publisher, sig Signal, cfg RelayConfig, logger *slog.Logger, reg prometheus.Registerer,
) (*Relay, error) {
	m, err := newMetrics(reg)
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	logger = logger.With("relay", cfg.Name)
	watch := func(what string) *health {
		return &health{logger: logger, what: what, quiet: 2*cfg.MaxBackoff + cfg.Poll}
	}
	return &Relay{
		store: store, pub: pub, signal: sig, cfg: cfg, metrics: m, logger: logger,
		// A restarted relay is another owner: its predecessor's leases are not its own.
		owner:      cfg.Name + "-" + rand.Text(),
		storing:    watch("the outbox's store"),
		publishing: watch("publishing"),
		measuring:  watch("measuring the outbox"),
		pruning:    watch("pruning the outbox"),
	}, nil
}

// Run publishes until ctx ends, then what still waits, for as long as the
// configuration's Flush, and returns nil. It never gives up: failures of the store
// and of the bus are waited out. Call it once.
func (r *Relay) Run(ctx context.Context) error {
	// Results of the last round are stored even when publishing used up its time.
	publish, stopPublish := outlive(ctx, r.cfg.Flush)
	defer stopPublish()
	store, stopStore := outlive(ctx, r.cfg.Flush+time.Second)
	defer stopStore()

	var upkeep sync.WaitGroup
	upkeep.Go(func() { r.upkeep(ctx) })
	defer upkeep.Wait()
	defer r.settling.Wait()

	r.accept()
	for ctx.Err() == nil {
		if p := r.round(store, publish); p.most > 0 {
			r.sleep(ctx, p)
		}
	}
	r.signal.refuse()
	r.claimAt = time.Time{}
	for r.round(store, publish).most == 0 {
	}
	r.settling.Wait()
	r.settle(store, r.giveBack(outcome{until: time.Now().Add(r.cfg.Lease)}))
	return nil
}

// pause is how long to wait between two rounds: the least in any case, then up to
// the most for a commit.
type pause struct{ least, most time.Duration }

// outlive returns a context that ends a while after its parent.
func outlive(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	c, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return c, func() { unhook(); cancel() }
}

// round publishes and settles one batch, and returns how long to wait before the next:
// not at all when more waits already. The batch is what was handed over, unless it
// is time to look into the store.
func (r *Relay) round(store, publish context.Context) pause {
	if r.signal.claimable() || !time.Now().Before(r.claimAt) {
		return r.claim(store, publish)
	}
	b, more := r.handed()
	if len(b.records) == 0 {
		return pause{most: max(0, time.Until(r.claimAt))}
	}
	return r.pass(store, publish, b, more)
}

// claim is a round with a batch of the store.
func (r *Relay) claim(store, publish context.Context) pause {
	r.claimAt = time.Time{}
	records, err := r.store.Claim(store, r.owner, r.cfg.Batch, r.cfg.Lease)
	r.storing.report(store, err)
	if err != nil {
		r.failures++
		d := r.backoff(r.failures)
		return pause{least: d, most: d}
	}
	full := len(records) == r.cfg.Batch
	if !full {
		r.claimAt = time.Now().Add(jitter(r.cfg.Poll))
	}
	if len(records) == 0 {
		return r.pauseUnlessHanded()
	}
	return r.pass(store, publish, batch{records: records, until: time.Now().Add(r.cfg.Lease)}, full || r.signal.waiting())
}

// pass publishes and settles a batch. more means that more may wait.
func (r *Relay) pass(store, publish context.Context, b batch, more bool) pause {
	fault.Point("outbox.after-claim")
	out := r.publish(publish, b)
	fault.Point("outbox.after-publish")
	if len(out.failed) == 0 {
		r.accept()
	} else {
		out = r.giveBack(out) // the store knows when what is due
	}
	// Storing this result and claiming the next batch meet in one group commit. One
	// result at a time is enough, and bounds what is unsettled.
	r.settling.Wait()
	r.settling.Go(func() { r.settle(store, out) })
	p := r.pauseAfter(out, more)
	if again := time.Now().Add(p.most); len(out.failed) > 0 && again.Before(r.claimAt) {
		r.claimAt = again
	}
	return p
}

// pauseAfter returns the wait after a batch. full means that more may wait.
func (r *Relay) pauseAfter(out outcome, full bool) pause {
	retry := r.cfg.Lease
	for _, f := range out.failed {
		// Giving the record back takes a moment, too.
		retry = min(retry, f.RetryIn+r.cfg.MinBackoff)
	}
	if len(out.sent)+out.refused > 0 { // both are out of the way of the others
		r.failures = 0
		if full {
			return pause{}
		}
		return pause{most: min(jitter(r.cfg.Poll), retry)}
	}
	r.failures++
	p := pause{most: max(r.backoff(r.failures), retry)}
	// The bus may be down, or may refuse just these: a few that fail do not hold up
	// the next commit for long, while a backlog is not claimed again and again.
	p.least = min(p.most, r.cfg.MinBackoff)
	if full {
		p.least = p.most
	}
	return p
}

func (r *Relay) sleep(ctx context.Context, p pause) {
	least, most := time.NewTimer(p.least), time.NewTimer(p.most)
	defer least.Stop()
	defer most.Stop()
	if p.least > 0 {
		select {
		case <-ctx.Done():
			return
		case <-least.C:
		}
	}
	select {
	case <-ctx.Done():
	case <-r.signal.Woken():
	case <-most.C:
	}
}
