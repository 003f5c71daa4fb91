package memory

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/observe"
)

type metrics struct {
	consumed *prometheus.CounterVec
	duration *prometheus.HistogramVec
	messages *prometheus.GaugeVec
	dead     *prometheus.CounterVec
	lost     *prometheus.CounterVec
}

// newMetrics registers the metrics in reg, which may be nil. What cannot be
// registered is logged and not exported: a bus without metrics is better than none.
func newMetrics(reg prometheus.Registerer, logger *slog.Logger) *metrics {
	return &metrics{
		consumed: register(reg, logger, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "messaging_client_consumed_messages_total",
			Help: "Deliveries handled, by what became of them: ack, retry, dead or hold.",
		}, []string{"destination_name", "outcome"})),
		duration: register(reg, logger, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "messaging_process_duration_seconds",
			Help:    "How long handlers took; error_type is the code of their error, empty without one.",
			Buckets: observe.DurationBuckets(),
		}, []string{"destination_name", "error_type"})),
		messages: register(reg, logger, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "gamestore_queue_messages",
			Help: "Messages in a queue: ready, waiting for a retry, or dead.",
		}, []string{"destination_name", "state"})),
		dead: register(reg, logger, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gamestore_dead_letters_total",
			Help: "Messages given up, by the code of the last error.",
		}, []string{"destination_name", "reason"})),
		lost: register(reg, logger, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gamestore_unrouted_messages_total",
			Help: "Messages published with a key that no queue is bound to.",
		}, []string{"routing_key"})),
	}
}

func register[C prometheus.Collector](reg prometheus.Registerer, logger *slog.Logger, c C) C {
	registered, err := observe.Register(reg, c)
	if err != nil {
		logger.Error("a metric of the bus is not exported", "error", err.Error())
	}
	return registered
}

func (m *metrics) unrouted(key string) { m.lost.WithLabelValues(key).Inc() }

// queueMetrics are those of one queue.
type queueMetrics struct {
	outcomes           [4]prometheus.Counter // by errs.Settle
	duration           prometheus.ObserverVec
	success            prometheus.Observer
	deadLetters        *prometheus.CounterVec
	ready, retry, dead prometheus.Gauge
}

func (m *metrics) queue(name string) queueMetrics {
	label := prometheus.Labels{"destination_name": name}
	q := queueMetrics{
		duration:    m.duration.MustCurryWith(label),
		deadLetters: m.dead.MustCurryWith(label),
		ready:       m.messages.WithLabelValues(name, "ready"),
		retry:       m.messages.WithLabelValues(name, "retry"),
		dead:        m.messages.WithLabelValues(name, "dead"),
	}
	q.success = q.duration.WithLabelValues("")
	for s := range q.outcomes {
		q.outcomes[s] = m.consumed.WithLabelValues(name, errs.Settle(s).String())
	}
	return q
}

func (q *queueMetrics) consumed(s errs.Settle) { q.outcomes[s].Inc() }

func (q *queueMetrics) handled(d time.Duration, code errs.Code) {
	if code == "" {
		q.success.Observe(d.Seconds())
		return
	}
	q.duration.WithLabelValues(string(code)).Observe(d.Seconds())
}

func (q *queueMetrics) died(reason errs.Code) { q.deadLetters.WithLabelValues(string(reason)).Inc() }
