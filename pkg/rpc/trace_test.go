package rpc_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/rpc"
)

func TestARequestIsAServerSpanOfTheCallersTrace(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	traced := func(status int) rpc.Handler {
		return rpc.Traced(sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)).Tracer("test"), rpc.HandlerFunc(func(ctx context.Context, r rpc.Request) rpc.Answer {
			// Servers take the trace from the headers.
			inner := trace.SpanContextFromContext(observe.Extract(context.Background(), r.Headers))
			if inner.SpanID() != trace.SpanContextFromContext(ctx).SpanID() || r.Headers["other"] != "stays" {
				t.Errorf("the handler's headers are %v", r.Headers)
			}
			return rpc.Answer{Status: status}
		}))
	}
	headers := map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "other": "stays"}
	for _, status := range []int{200, 404, 503} {
		if got := traced(status).Serve(t.Context(), rpc.Request{Operation: "games.GetGame", Headers: headers}); got.Status != status {
			t.Errorf("got %+v", got)
		}
	}
	if headers["traceparent"][36:52] != "b7ad6b7169203331" {
		t.Error("the caller's own headers were changed")
	}
	for i, s := range spans.Ended() {
		if s.Name() != "games.GetGame" || s.SpanKind() != trace.SpanKindServer || s.Parent().SpanID().String() != "b7ad6b7169203331" ||
			(s.Status().Code == codes.Error) != (i == 2) {
			t.Errorf("got %+v", s)
		}
	}
	if n := len(spans.Ended()); n != 3 {
		t.Errorf("%d spans", n)
	}
}

func TestWithoutTracingARequestIsPassedOnAsItIs(t *testing.T) {
	headers := map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
	h := rpc.Traced(noop.NewTracerProvider().Tracer(""), rpc.HandlerFunc(func(_ context.Context, r rpc.Request) rpc.Answer {
		if r.Headers["traceparent"] != headers["traceparent"] || r.Headers["b3"] != "" {
			t.Errorf("got %v", r.Headers)
		}
		return rpc.Answer{Status: 200}
	}))
	h.Serve(t.Context(), rpc.Request{Headers: headers})
}
