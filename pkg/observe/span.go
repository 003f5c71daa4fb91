package observe

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/errs"
)

// Seconds records a duration, with the trace's id as its exemplar if it is sampled.
func Seconds(ctx context.Context, o prometheus.Observer, took time.Duration) {
	sc := trace.SpanContextFromContext(ctx)
	if e, ok := o.(prometheus.ExemplarObserver); ok && sc.IsSampled() {
		e.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": sc.TraceID().String()})
		return
	}
	o.Observe(took.Seconds())
}

// Fail says in a span which error ended it, by its code and never by its text. What the
// caller is to blame for does not mark the span as failed.
func Fail(span trace.Span, err error) {
	if err == nil || !span.IsRecording() {
		return
	}
	code := string(errs.CodeOf(err))
	span.SetAttributes(semconv.ErrorTypeKey.String(code))
	switch errs.ClassOf(err) {
	case errs.Internal, errs.Unavailable, errs.Timeout:
		span.SetStatus(codes.Error, code)
	default:
	}
}
