// Package prometheus measures what becomes of purchases.
package prometheus

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/games"
	"gamestore.example/pkg/observe"
)

// Meter counts and times purchases.
type Meter struct {
	purchases      *prometheus.CounterVec
	completion     *prometheus.HistogramVec
	reactions      *prometheus.CounterVec
	contradictions *prometheus.CounterVec
}

var _ games.Meter = (*Meter)(nil)

// NewMeter registers the metrics. Meters of one registerer share them.
func NewMeter(reg prometheus.Registerer) (*Meter, error) {
	var err error
	m := &Meter{}
	if m.purchases, err = observe.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gamestore_purchases_total", Help: "Steps of purchases, by outcome.",
	}, []string{"outcome"})); err != nil {
		return nil, err
	}
	if m.completion, err = observe.Register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "gamestore_purchase_completion_seconds", Help: "How long purchases took from acceptance to their end, by outcome.",
		Buckets: append(observe.DurationBuckets(), 30, 60, 300, 1800),
	}, []string{"outcome"})); err != nil {
		return nil, err
	}
	if m.reactions, err = observe.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gamestore_purchase_events_total", Help: "Events from other services, by what they did to purchases.",
	}, []string{"event", "outcome"})); err != nil {
		return nil, err
	}
	if m.contradictions, err = observe.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gamestore_purchase_contradictions_total", Help: "Events that contradict or do not fit a purchase; somebody should look.",
	}, []string{"event"})); err != nil {
		return nil, err
	}
	m.begin()
	return m, nil
}

// begin makes the series whose first increase must be seen.
func (m *Meter) begin() {
	for _, step := range []string{
		"accepted", "completed", "failed", "cancelled", "refund_requested", "refunded", "refund_failed", "paid_after_cancel", "asked_again",
	} {
		m.purchases.WithLabelValues(step)
	}
	for _, event := range []string{"payment.completed", "payment.failed", "payment.refunded", "payment.refund_failed"} {
		m.contradictions.WithLabelValues(event)
	}
}

// Purchase implements games.Meter.
func (m *Meter) Purchase(step string) { m.purchases.WithLabelValues(step).Inc() }

// Completion implements games.Meter.
func (m *Meter) Completion(end string, took time.Duration) {
	m.completion.WithLabelValues(end).Observe(took.Seconds())
}

// Reaction implements games.Meter.
func (m *Meter) Reaction(event string, o games.Outcome) {
	m.reactions.WithLabelValues(event, string(o)).Inc()
	if o == games.Contradiction || o == games.Refused {
		m.contradictions.WithLabelValues(event).Inc()
	}
}
