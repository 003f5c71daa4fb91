package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// pruneSlice is how many records one transaction deletes: few enough that nobody
// who shares the store waits for it.
const pruneSlice = 500

// upkeep measures what waits and deletes what is old, until ctx ends.
func (r *Relay) upkeep(ctx context.Context) {
	measure := time.NewTicker(r.cfg.Measure)
	defer measure.Stop()
	prune := time.NewTimer(jitter(r.cfg.Prune))
	defer prune.Stop()
	r.measure(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-measure.C:
			r.measure(ctx)
		case <-prune.C:
			r.prune(ctx)
			prune.Reset(jitter(r.cfg.Prune))
		}
	}
}

func (r *Relay) measure(ctx context.Context) {
	st, err := r.store.Stats(ctx)
	r.measuring.report(ctx, err)
	if err == nil {
		r.metrics.pending.Set(float64(st.Pending))
		r.metrics.oldestAge.Set(st.OldestAge.Seconds())
	}
}

func (r *Relay) prune(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := r.store.Prune(ctx, r.cfg.Retention, pruneSlice)
		r.pruning.report(ctx, err)
		if err != nil || n < pruneSlice {
			return
		}
	}
}

// metrics are the relay's, and shared by the relays of one registry.
type metrics struct {
	pending   prometheus.Gauge
	oldestAge prometheus.Gauge
	messages  *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		pending: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "gamestore_outbox_pending", Help: "Events in the outbox that are not published yet.",
		}),
		oldestAge: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "gamestore_outbox_oldest_age_seconds", Help: "Age of the oldest event that is not published yet; 0 if there is none.",
		}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "messaging_client_sent_messages_total", Help: "Messages handed to the bus, by routing key and outcome: confirmed or failed.",
		}, []string{"destination_name", "outcome"}),
	}
	err := errors.Join(register(reg, &m.pending), register(reg, &m.oldestAge), register(reg, &m.messages))
	if err != nil {
		return nil, fmt.Errorf("outbox: register metrics: %w", err)
	}
	return m, nil
}

// register registers a collector, or replaces it by the one that is there.
func register[C prometheus.Collector](reg prometheus.Registerer, c *C) error {
	err := reg.Register(*c)
	var there prometheus.AlreadyRegisteredError
	if !errors.As(err, &there) {
		return err
	}
	existing, ok := there.ExistingCollector.(C)
	if !ok {
		return err
	}
	*c = existing
	return nil
}

func (m *metrics) count(key string, err error) {
	outcome := "confirmed"
	if err != nil {
		outcome = "failed"
	}
	m.messages.WithLabelValues(key, outcome).Inc()
}
