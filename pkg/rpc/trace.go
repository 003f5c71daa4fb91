package rpc

import (
	"context"
	"maps"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/observe"
)

// statusAttribute is the status of an answer, which is that of HTTP.
const statusAttribute = attribute.Key("gamestore.rpc.status")

// Traced returns h with a SERVER span around each request, whose parent is the caller's
// span.
func Traced(tracer trace.Tracer, h Handler) Handler {
	return HandlerFunc(func(ctx context.Context, r Request) Answer {
		ctx, span := tracer.Start(observe.Extract(ctx, r.Headers), r.Operation, trace.WithSpanKind(trace.SpanKindServer))
		if !span.IsRecording() {
			return h.Serve(ctx, r)
		}
		defer span.End()
		// The handler takes the trace from the headers: there it finds this span.
		r.Headers = withTrace(ctx, r.Headers)
		a := h.Serve(ctx, r)
		describe(span, r.Operation, a.Status)
		return a
	})
}

func withTrace(ctx context.Context, headers map[string]string) map[string]string {
	out := make(map[string]string, len(headers)+3)
	maps.Copy(out, headers)
	observe.Inject(ctx, out)
	return out
}

func describe(span trace.Span, operation string, status int) {
	span.SetAttributes(semconv.RPCSystemNameKey.String("rabbitmq"), semconv.RPCMethod(operation), statusAttribute.Int(status))
	if status >= http.StatusInternalServerError {
		span.SetAttributes(semconv.ErrorTypeKey.Int(status))
		span.SetStatus(codes.Error, "")
	}
}
