package observe

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

type requestIDKey struct{}

// WithRequestID returns a context that carries the id of the client's request.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the request id in ctx, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// TraceID returns what a client can be told to find its request in the logs: the
// trace id in ctx (32 hex digits), else the request id, else "".
func TraceID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return RequestID(ctx)
}

// Propagator is how trace context travels: W3C traceparent, tracestate and baggage.
func Propagator() propagation.TextMapPropagator {
	return propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
}

// Inject writes the trace context in ctx into headers, under lower-case names. It
// writes nothing when ctx has none. headers must not be nil.
func Inject(ctx context.Context, headers map[string]string) {
	Propagator().Inject(ctx, propagation.MapCarrier(headers))
}

// Extract returns ctx with the trace context that Inject wrote into headers.
// Malformed headers are ignored, as W3C Trace Context asks.
func Extract(ctx context.Context, headers map[string]string) context.Context {
	if len(headers) == 0 {
		return ctx
	}
	return Propagator().Extract(ctx, propagation.MapCarrier(headers))
}
