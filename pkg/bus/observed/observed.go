package observed

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/observe"
)

// The systems that carry messages, as messaging.system names them.
const (
	RabbitMQ = "rabbitmq"
	Embedded = "gamestore.embedded"
)

// maxKeys bounds the routing keys that become labels: strangers to the platform may
// publish, too.
const maxKeys = 64

// scope is the instrumentation scope of the spans.
const scope = "gamestore.example/pkg/bus/observed"

// Observer is what is around one app's side of the bus.
type Observer struct {
	tracer  trace.Tracer
	system  attribute.KeyValue
	publish *prometheus.HistogramVec
	lag     *prometheus.HistogramVec
	keys    *observe.Ceiling
}

// New registers the metrics; a nil reg registers nowhere. system is what carries the
// messages.
func New(tracer trace.TracerProvider, reg prometheus.Registerer, system string) (*Observer, error) {
	o := &Observer{tracer: tracer.Tracer(scope), system: semconv.MessagingSystemKey.String(system), keys: observe.NewCeiling(maxKeys)}
	var err error
	if o.publish, err = observe.Register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "messaging_client_operation_duration_seconds",
		Help:    "How long the bus took to confirm messages, by routing key; error_type is the code of the error, empty without one.",
		Buckets: observe.DurationBuckets(),
	}, []string{"destination_name", "error_type"})); err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	if o.lag, err = observe.Register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "gamestore_event_lag_seconds",
		Help:    "Time from when an event happened until a handler was done with it, by routing key.",
		Buckets: append(observe.DurationBuckets(), 30, 60, 300, 1800),
	}, []string{"event_type"})); err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	return o, nil
}

// happened is when the event of a message happened: the ids of events are UUIDv7, which
// tell it to the millisecond. ok is false for any other id.
func happened(id string) (at time.Time, ok bool) {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 {
		return time.Time{}, false
	}
	return time.Unix(u.Time().UnixTime()), true
}
