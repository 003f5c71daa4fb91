package process

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/observed"
	"gamestore.example/pkg/tracing"
)

// openTracing opens the way of spans out of the process into r, and returns what closes it.
func (r *Runtime) openTracing(ctx context.Context, s Spec, cfg tracing.Config) (func() error, error) {
	t, err := tracing.Open(ctx, cfg, tracing.Options{Version: s.Version, Logger: r.Logger, Registry: r.Registry})
	if err != nil {
		return nil, err
	}
	r.Tracer = t.Provider(s.Name)
	return t.Close, nil
}

// observer returns what is around this app's side of the bus.
func (r *Runtime) observer(name string) (*observed.Observer, error) {
	system := observed.Embedded
	if r.Broker.URL != "" {
		system = observed.RabbitMQ
	}
	return observed.New(r.Tracer, prometheus.WrapRegistererWith(prometheus.Labels{"service": name}, r.Registry), system)
}

// observedBus is a bus whose messages make spans when they are published.
type observedBus struct {
	bus.Bus
	publisher bus.Publisher
}

// Publish implements bus.Publisher.
func (b observedBus) Publish(ctx context.Context, msgs ...bus.Message) []error {
	return b.publisher.Publish(ctx, msgs...)
}
