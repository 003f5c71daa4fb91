package delivery

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/observe"
)

// Metrics count what consumers do, for all queues of a bus.
type Metrics struct {
	consumed *prometheus.CounterVec
	duration *prometheus.HistogramVec
	dead     *prometheus.CounterVec
}

// NewMetrics registers the metrics in reg, which may be nil. What cannot be
// registered is logged and not exported: a bus without metrics is better than none.
func NewMetrics(reg prometheus.Registerer, logger *slog.Logger) *Metrics {
	return &Metrics{
		consumed: Register(reg, logger, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "messaging_client_consumed_messages_total",
			Help: "Deliveries handled, by what became of them: ack, retry, dead or hold.",
		}, []string{"destination_name", "outcome"})),
		duration: Register(reg, logger, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "messaging_process_duration_seconds",
			Help:    "How long handlers took; error_type is the code of their error, empty without one.",
			Buckets: observe.DurationBuckets(),
		}, []string{"destination_name", "error_type"})),
		dead: Register(reg, logger, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gamestore_dead_letters_total",
			Help: "Messages given up, by the code of the last error.",
		}, []string{"destination_name", "reason"})),
	}
}

// Register registers a bus adapter's metric as NewMetrics does.
func Register[C prometheus.Collector](reg prometheus.Registerer, logger *slog.Logger, c C) C {
	registered, err := observe.Register(reg, c)
	if err != nil {
		logger.Error("a metric of the bus is not exported", "error", err.Error())
	}
	return registered
}

// queueMetrics are those of one queue.
type queueMetrics struct {
	outcomes [4]prometheus.Counter // by errs.Settle
	duration prometheus.ObserverVec
	success  prometheus.Observer
	dead     *prometheus.CounterVec
}

func (m *Metrics) queue(name string) queueMetrics {
	label := prometheus.Labels{"destination_name": name}
	q := queueMetrics{duration: m.duration.MustCurryWith(label), dead: m.dead.MustCurryWith(label)}
	q.success = q.duration.WithLabelValues("")
	for s := range q.outcomes {
		q.outcomes[s] = m.consumed.WithLabelValues(name, errs.Settle(s).String())
	}
	return q
}

func (q *queueMetrics) handled(ctx context.Context, d time.Duration, code errs.Code) {
	if code == "" {
		observe.Seconds(ctx, q.success, d)
		return
	}
	observe.Seconds(ctx, q.duration.WithLabelValues(string(code)), d)
}
