package memory

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/delivery"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/fault"
)

// Bus is a message bus in this process. It is safe for concurrent use.
type Bus struct {
	ladder   []time.Duration
	journal  Journal
	durable  bool
	capacity int64
	drain    time.Duration
	logger   *slog.Logger
	registry prometheus.Registerer
	metrics  *metrics

	declaring sync.Mutex // held while a queue is loaded, so that nothing is loaded twice

	mu     sync.RWMutex
	queues map[string]*queue
	routes []route // replaced as a whole, never changed
}

var (
	_ bus.Bus         = (*Bus)(nil)
	_ bus.DeadLetters = (*Bus)(nil)
)

// route is one queue with the patterns that fill it.
type route struct {
	queue    *queue
	patterns [][]string
}

func (r route) takes(key []string) bool {
	return slices.ContainsFunc(r.patterns, func(p []string) bool { return match(p, key) })
}

// New returns a bus with no queues.
func New(opts ...Option) *Bus {
	b := &Bus{
		ladder:   bus.RetryLadder(),
		journal:  &volatile{},
		capacity: DefaultCapacity,
		drain:    DefaultDrain,
		logger:   slog.New(slog.DiscardHandler),
		queues:   map[string]*queue{},
	}
	for _, o := range opts {
		o(b)
	}
	b.metrics = newMetrics(b.registry, b.logger)
	return b
}

// Declare makes queues and adds bindings to those that exist. A new queue gets
// what the journal holds for it.
func (b *Bus) Declare(ctx context.Context, queues ...bus.Queue) error {
	b.declaring.Lock()
	defer b.declaring.Unlock()
	for _, d := range queues {
		if d.Name == "" {
			return errs.New(errs.Invalid, "", "a queue needs a name")
		}
		q := b.queue(d.Name)
		if q == nil {
			q = b.newQueue(d.Name)
			if err := b.load(ctx, q); err != nil {
				return fmt.Errorf("declare queue %s: bus journal: %w", d.Name, err)
			}
		}
		b.bind(q, d.Keys)
	}
	return nil
}

func (b *Bus) load(ctx context.Context, q *queue) error {
	entries, dead, err := b.journal.Load(ctx, q.name)
	if err != nil {
		return err
	}
	// A clock that was ahead when an entry was delayed must not delay it for longer
	// than the ladder does.
	latest := time.Now().Add(slices.Max(append([]time.Duration{0}, b.ladder...)))
	for i := range entries {
		if entries[i].Due.After(latest) {
			entries[i].Due = latest
		}
		q.restore(&entries[i])
	}
	q.countDead(dead)
	return nil
}

func (b *Bus) bind(q *queue, keys []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queues[q.name] = q
	routes := slices.Clone(b.routes)
	i := slices.IndexFunc(routes, func(r route) bool { return r.queue == q })
	if i < 0 {
		i, routes = len(routes), append(routes, route{queue: q})
	}
	patterns := slices.Clone(routes[i].patterns)
	for _, k := range keys {
		patterns = append(patterns, words(k))
	}
	routes[i].patterns = patterns
	b.routes = routes
}

func (b *Bus) queue(name string) *queue {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.queues[name]
}

// Publish puts each message into every queue bound to its key, or into none of
// them when one is full (bus.ErrQueueFull), the journal fails, or bus.Check refuses it. All messages of
// one call share one transaction of the journal. A message that no queue is bound
// to is confirmed, and counted.
func (b *Bus) Publish(ctx context.Context, msgs ...bus.Message) []error {
	results := make([]error, len(msgs))
	if err := ctx.Err(); err != nil {
		fill(results, err)
		return results
	}
	p := b.admit(ctx, msgs, results)
	if len(p.entries) == 0 {
		return results
	}
	if err := b.journal.Append(ctx, p.entries); err != nil {
		for i, q := range p.queues {
			q.release()
			results[p.origin[i]] = fmt.Errorf("bus journal: %w", err)
		}
		return results
	}
	fault.Point("bus.after-append")
	for i, q := range p.queues {
		q.push(&p.entries[i])
	}
	return results
}

// parcel is what one Publish puts into queues: entry i goes into queue i and
// belongs to message origin[i].
type parcel struct {
	entries []Entry
	queues  []*queue
	origin  []int
}

// admit takes a place in every queue for each message that fits, and sets the
// results of those that do not.
func (b *Bus) admit(ctx context.Context, msgs []bus.Message, results []error) parcel {
	b.mu.RLock()
	routes := b.routes
	b.mu.RUnlock()
	var p parcel
	for i, m := range msgs {
		if results[i] = bus.Check(m); results[i] != nil {
			continue
		}
		found := targets(routes, m.Key)
		if len(found) == 0 {
			b.metrics.unrouted.WithLabelValues(m.Key).Inc()
			b.logger.DebugContext(ctx, "no queue is bound to the message's key", "message_id", m.ID, "key", m.Key)
			continue
		}
		if !reserve(found, b.capacity) {
			results[i] = bus.ErrQueueFull
			continue
		}
		m = delivery.Clone(m) // the publisher may use its own again
		m.Attempt = 1
		for _, q := range found {
			p.entries = append(p.entries, Entry{Queue: q.name, Message: m})
			p.queues = append(p.queues, q)
			p.origin = append(p.origin, i)
		}
	}
	return p
}

func targets(routes []route, key string) []*queue {
	var found []*queue
	split := words(key)
	for _, r := range routes {
		if r.takes(split) {
			found = append(found, r.queue)
		}
	}
	return found
}

// reserve takes one place in every queue, or none at all.
func reserve(queues []*queue, capacity int64) bool {
	for i, q := range queues {
		if !q.reserve(capacity) {
			for _, taken := range queues[:i] {
				taken.release()
			}
			return false
		}
	}
	return true
}

func fill(results []error, err error) {
	for i := range results {
		results[i] = err
	}
}
