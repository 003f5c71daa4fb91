package middleware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-kit/kit/endpoint"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/observe"
)

// outcomeOK is the outcome of a call without an error; the others are error codes.
const outcomeOK = "ok"

func outcome(err error) string {
	if err == nil {
		return outcomeOK
	}
	return string(errs.CodeOf(err))
}

// Logging writes one line per call, with operation, outcome and duration_ms. What is
// the client's doing is information; what we could not do in time is a warning;
// an Internal error is an error, with its cause.
func Logging(logger *slog.Logger) Factory {
	return func(operation string) endpoint.Middleware {
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			return func(ctx context.Context, request any) (any, error) {
				begin := time.Now()
				response, err := next(ctx, request)
				took := time.Since(begin)
				level := levelOf(err)
				if !logger.Enabled(ctx, level) {
					return response, err
				}
				attrs := []slog.Attr{
					slog.String("operation", operation),
					slog.String("outcome", outcome(err)),
					slog.Float64("duration_ms", float64(took.Microseconds())/1e3),
				}
				if err != nil {
					attrs = append(attrs, slog.String("error", err.Error()))
				}
				logger.LogAttrs(ctx, level, "call", attrs...)
				return response, err
			}
		}
	}
}

func levelOf(err error) slog.Level {
	if err == nil || errors.Is(err, context.Canceled) {
		return slog.LevelInfo
	}
	switch errs.ClassOf(err) {
	case errs.Internal:
		return slog.LevelError
	case errs.Unavailable, errs.Timeout:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

// Metrics counts and times calls in gamestore_endpoint_duration_seconds, by operation
// and outcome code. Observations of a sampled trace carry its id as an exemplar.
// Calling it twice with one registerer is fine; nil registers nowhere.
func Metrics(reg prometheus.Registerer) (Factory, error) {
	durations, err := observe.Register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "gamestore_endpoint_duration_seconds",
		Help:    "How long calls of endpoints take, by operation and outcome code.",
		Buckets: observe.DurationBuckets(),
	}, []string{"operation", "code"}))
	if err != nil {
		return nil, fmt.Errorf("middleware: %w", err)
	}
	return func(operation string) endpoint.Middleware {
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			return func(ctx context.Context, request any) (any, error) {
				begin := time.Now()
				response, err := next(ctx, request)
				Observe(ctx, durations.WithLabelValues(operation, outcome(err)), time.Since(begin))
				return response, err
			}
		}
	}, nil
}

// Observe records a duration, with the trace's id as its exemplar if it is sampled.
func Observe(ctx context.Context, o prometheus.Observer, took time.Duration) {
	observe.Seconds(ctx, o, took)
}

// Tracing runs each call in a span that is named like the operation. Only what the
// client did not cause marks the span as failed.
func Tracing(tracer trace.Tracer) Factory { return tracingAs(tracer, trace.SpanKindInternal) }

// TracingCalls is Tracing for calls of somebody outside of the platform.
func TracingCalls(tracer trace.Tracer) Factory { return tracingAs(tracer, trace.SpanKindClient) }

func tracingAs(tracer trace.Tracer, kind trace.SpanKind) Factory {
	return func(operation string) endpoint.Middleware {
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			return func(ctx context.Context, request any) (any, error) {
				ctx, span := tracer.Start(ctx, operation, trace.WithSpanKind(kind))
				defer span.End()
				response, err := next(ctx, request)
				if err != nil && span.IsRecording() {
					span.SetAttributes(semconv.ErrorTypeKey.String(outcome(err)))
					if levelOf(err) > slog.LevelInfo {
						span.SetStatus(codes.Error, outcome(err))
					}
				}
				return response, err
			}
		}
	}
}
