package observe

import (
	"context"

	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Names of the headers that a trace travels in.
const (
	headerTraceParent = "traceparent"
	headerTraceState  = "tracestate"
	headerBaggage     = "baggage"
	headerB3          = "b3"
	headerB3TraceID   = "x-b3-traceid"
)

// Propagator is how trace context travels: W3C traceparent, tracestate and baggage, and
// B3 beside them for those who know no other. Written is the single header b3; read are
// both forms of B3, where there is no valid traceparent. It has no state.
func Propagator() propagation.TextMapPropagator { return propagator{} }

type propagator struct{}

// Inject implements propagation.TextMapPropagator. Without a trace and baggage it writes
// nothing.
func (propagator) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	if trace.SpanContextFromContext(ctx).IsValid() {
		propagation.TraceContext{}.Inject(ctx, carrier)
		b3.New(b3.WithInjectEncoding(b3.B3SingleHeader)).Inject(ctx, carrier)
	}
	if baggage.FromContext(ctx).Len() > 0 {
		propagation.Baggage{}.Inject(ctx, carrier)
	}
}

// Extract implements propagation.TextMapPropagator. What is malformed is ignored, as W3C
// Trace Context asks.
func (propagator) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	if carrier.Get(headerBaggage) != "" {
		ctx = propagation.Baggage{}.Extract(ctx, carrier)
	}
	return extractTrace(ctx, carrier)
}

// Fields implements propagation.TextMapPropagator: the headers that Inject may write.
func (propagator) Fields() []string {
	return []string{headerTraceParent, headerTraceState, headerBaggage, headerB3}
}

// PublicPropagator is for requests from outside of the platform: it reads the trace, and
// not the baggage, which would be carried to every service and every message.
func PublicPropagator() propagation.TextMapPropagator { return public{} }

type public struct{ propagator }

// Extract implements propagation.TextMapPropagator.
func (public) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	return extractTrace(ctx, carrier)
}

func extractTrace(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	if carrier.Get(headerTraceParent) != "" {
		found := propagation.TraceContext{}.Extract(ctx, carrier)
		if sc := trace.SpanContextFromContext(found); sc.IsValid() && sc.IsRemote() {
			return found
		}
	}
	if carrier.Get(headerB3) == "" && carrier.Get(headerB3TraceID) == "" {
		return ctx
	}
	found := b3.New().Extract(ctx, carrier)
	if sc := trace.SpanContextFromContext(found); sc.IsValid() && sc.IsRemote() {
		// Of B3 only the trace is kept: its debug flag would be sent on to everybody.
		return trace.ContextWithRemoteSpanContext(ctx, sc)
	}
	return ctx
}

// Inject writes the trace context in ctx into headers, under lower-case names. It
// writes nothing when ctx has none. headers must not be nil.
func Inject(ctx context.Context, headers map[string]string) {
	propagator{}.Inject(ctx, propagation.MapCarrier(headers))
}

// Extract returns ctx with the trace context that Inject wrote into headers.
// Malformed headers are ignored.
func Extract(ctx context.Context, headers map[string]string) context.Context {
	if len(headers) == 0 {
		return ctx
	}
	return propagator{}.Extract(ctx, propagation.MapCarrier(headers))
}
