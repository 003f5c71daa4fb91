package memory

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/bus/delivery"
)

type metrics struct {
	deliveries *delivery.Metrics
	messages   *prometheus.GaugeVec
	unrouted   *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, logger *slog.Logger) *metrics {
	return &metrics{
		deliveries: delivery.NewMetrics(reg, logger),
		messages: delivery.Register(reg, logger, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "gamestore_queue_messages",
			Help: "Messages in a queue: ready, waiting for a retry, or dead.",
		}, []string{"destination_name", "state"})),
		unrouted: delivery.Register(reg, logger, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gamestore_unrouted_messages_total",
			Help: "Messages published with a key that no queue is bound to.",
		}, []string{"routing_key"})),
	}
}

// queueMetrics are the gauges of one queue.
type queueMetrics struct{ ready, retry, dead prometheus.Gauge }

func (m *metrics) queue(name string) queueMetrics {
	return queueMetrics{
		ready: m.messages.WithLabelValues(name, "ready"),
		retry: m.messages.WithLabelValues(name, "retry"),
		dead:  m.messages.WithLabelValues(name, "dead"),
	}
}
