package httpserver

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/observe"
)

// requestIDAttribute is how a span says which request of a client it belongs to.
const requestIDAttribute = attribute.Key("gamestore.request.id")

// Tracing runs each request in a SERVER span, whose parent is what the trace headers
// say. Put it outside of AccessLog and Metrics, which use the span's ids, and inside of
// RequestID. What operators ask for makes no spans.
func Tracing(tracer trace.Tracer) func(http.Handler) http.Handler {
	return tracing(tracer, func(ctx context.Context, h http.Header) context.Context {
		return observe.Propagator().Extract(ctx, propagation.HeaderCarrier(h))
	})
}

// PublicTracing is Tracing for requests from outside of the platform: their baggage is
// not taken in.
func PublicTracing(tracer trace.Tracer) func(http.Handler) http.Handler {
	return tracing(tracer, func(ctx context.Context, h http.Header) context.Context {
		return observe.PublicPropagator().Extract(ctx, stranger(h))
	})
}

// maxTraceHeader bounds a trace header from outside, in bytes: what is taken in goes on to
// every service, and into every message and its database.
const maxTraceHeader = 512

// stranger reads headers from outside: one that comes twice, or is too long, is none.
type stranger http.Header

// Get implements propagation.TextMapCarrier.
func (s stranger) Get(name string) string {
	values := http.Header(s).Values(name)
	if len(values) != 1 || len(values[0]) > maxTraceHeader {
		return ""
	}
	return values[0]
}

// Set implements propagation.TextMapCarrier.
func (s stranger) Set(name, value string) { http.Header(s).Set(name, value) }

// Keys implements propagation.TextMapCarrier.
func (s stranger) Keys() []string { return propagation.HeaderCarrier(s).Keys() }

func tracing(tracer trace.Tracer, extract func(context.Context, http.Header) context.Context) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if operators(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			ctx := extract(r.Context(), r.Header)
			ctx, span := tracer.Start(ctx, method(r), trace.WithSpanKind(trace.SpanKindServer))
			if !span.IsRecording() {
				if span.SpanContext().IsValid() { // the log still tells of the trace
					r = r.WithContext(ctx)
				}
				next.ServeHTTP(w, r)
				return
			}
			defer span.End()
			info, r := withInfo(r.WithContext(ctx))
			rec := record(w)
			defer func() {
				span.SetName(method(r) + " " + info.name())
				span.SetAttributes(semconv.HTTPRequestMethodKey.String(method(r)), semconv.HTTPRoute(info.name()),
					semconv.HTTPResponseStatusCode(rec.final()), requestIDAttribute.String(observe.RequestID(ctx)))
				answered(span, rec.final(), http.StatusInternalServerError)
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

// answered marks a span as failed from a status on: for a server it is its own failures,
// for a client every refusal.
func answered(span trace.Span, status, failed int) {
	if status >= failed {
		span.SetAttributes(semconv.ErrorTypeKey.Int(status))
		span.SetStatus(codes.Error, "")
	}
}

// operators tells the paths of Ops, which are asked all the time.
func operators(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == "/metrics"
}

// traceHeaders are the headers that a trace comes in, and goes on in.
func traceHeaders() []string {
	return []string{"Traceparent", "Tracestate", "Baggage", "B3", "X-B3-Traceid", "X-B3-Spanid", "X-B3-Parentspanid", "X-B3-Sampled", "X-B3-Flags"}
}
