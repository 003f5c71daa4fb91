package httpserver

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/observe"
)

// Calls is around the handlers that pass requests on to services, however they do it:
// it times them in http_client_request_duration_seconds, runs them in CLIENT spans, and
// gives them the trace's headers of the way on instead of those that came.
type Calls struct {
	durations *prometheus.HistogramVec
	tracer    trace.Tracer
}

// NewCalls registers the metric; nil registers nowhere.
func NewCalls(reg prometheus.Registerer, tracer trace.Tracer) (*Calls, error) {
	durations, err := observe.Register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_client_request_duration_seconds",
		Help:    "How long services take to answer, by service.",
		Buckets: observe.DurationBuckets(),
	}, []string{"server_address", "method", "status"}))
	if err != nil {
		return nil, fmt.Errorf("httpserver: %w", err)
	}
	return &Calls{durations: durations, tracer: tracer}, nil
}

// To returns what is around the calls of one service.
func (c *Calls) To(service string) func(http.Handler) http.Handler {
	durations := c.durations.MustCurryWith(prometheus.Labels{"server_address": service})
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			began := time.Now()
			ctx, span := c.tracer.Start(r.Context(), method(r), trace.WithSpanKind(trace.SpanKindClient))
			rec := record(w)
			defer func() {
				observe.Seconds(ctx, durations.WithLabelValues(method(r), strconv.Itoa(rec.final())), time.Since(began))
				if span.IsRecording() {
					span.SetAttributes(semconv.HTTPRequestMethodKey.String(method(r)), semconv.ServerAddress(service),
						semconv.HTTPResponseStatusCode(rec.final()))
					answered(span, rec.final(), http.StatusBadRequest)
				}
				span.End()
			}()
			if span.SpanContext().IsValid() {
				r = r.WithContext(ctx)
				r.Header = r.Header.Clone()
				for _, name := range traceHeaders() {
					delete(r.Header, name)
				}
				observe.Propagator().Inject(ctx, propagation.HeaderCarrier(r.Header))
			}
			next.ServeHTTP(rec, r)
		})
	}
}
