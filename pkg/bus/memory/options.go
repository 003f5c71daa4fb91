package memory

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// DefaultCapacity is how many messages a queue holds that are not settled yet.
const DefaultCapacity = 100_000

// DefaultDrain is how long the handlers in flight have to finish after the end of
// the context of Consume.
const DefaultDrain = 10 * time.Second

// Option changes a Bus in New.
type Option func(*Bus)

// WithRetry sets the delays before the 2nd, 3rd, … delivery of a message whose
// handler failed; with none, the first failure makes a dead letter. The default is
// bus.RetryLadder.
func WithRetry(delays ...time.Duration) Option { return func(b *Bus) { b.ladder = delays } }

// WithJournal makes the bus durable.
func WithJournal(j Journal) Option { return func(b *Bus) { b.journal, b.durable = j, true } }

// WithCapacity sets how many unsettled messages each queue takes before publishers
// get bus.ErrQueueFull. Dead letters do not count.
func WithCapacity(perQueue int) Option { return func(b *Bus) { b.capacity = int64(perQueue) } }

// WithDrain sets how long handlers may go on after the end of Consume's context.
func WithDrain(d time.Duration) Option { return func(b *Bus) { b.drain = d } }

// WithLogger sets where failures and dead letters are logged. Bodies never are.
func WithLogger(l *slog.Logger) Option { return func(b *Bus) { b.logger = l } }

// WithRegistry sets where the metrics go.
func WithRegistry(reg prometheus.Registerer) Option { return func(b *Bus) { b.registry = reg } }
