package middleware

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
)

// Standard is what is around every endpoint of a service: spans, metrics, a log
// line, and recovery from panics, the outermost first.
func Standard(service string, tracer trace.TracerProvider, reg prometheus.Registerer, logger *slog.Logger) (Factory, error) {
	metrics, err := Metrics(reg)
	if err != nil {
		return nil, err
	}
	return Chain(Tracing(tracer.Tracer("gamestore.example/"+service)), metrics, Logging(logger), Recover()), nil
}
