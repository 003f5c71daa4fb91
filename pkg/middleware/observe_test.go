package middleware_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/observe"
)

// cases are the outcomes that a call can have, and what is said about them.
func cases() []struct {
	name, outcome string
	err           error
	level         slog.Level
} {
	return []struct {
		name, outcome string
		err           error
		level         slog.Level
	}{
		{"success", "ok", nil, slog.LevelInfo},
		{"the client's doing", "already-owned", errs.New(errs.Conflict, "already-owned", "you own it"), slog.LevelInfo},
		{"throttled", "rate-limited", errs.New(errs.RateLimited, "", "slow down"), slog.LevelInfo},
		{"the caller went away", "timeout", context.Canceled, slog.LevelInfo},
		{"too slow", "timeout", context.DeadlineExceeded, slog.LevelWarn},
		{"store down", "unavailable", errs.New(errs.Unavailable, "", "down"), slog.LevelWarn},
		{"bug", "internal", fmt.Errorf("query: %w", errors.New("no such table")), slog.LevelError},
	}
}

func TestLoggingSaysWhatHappened(t *testing.T) {
	for _, tc := range cases() {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			logger := observe.NewLogger(&out, slog.LevelInfo, "json")
			_, err := middleware.Logging(logger)("buy")(answering("answer", tc.err))(observe.WithRequestID(t.Context(), "r1"), nil)
			if !errors.Is(err, tc.err) {
				t.Errorf("the error became %v", err)
			}
			var line struct {
				Level     slog.Level
				Operation string
				Outcome   string
				Duration  *float64 `json:"duration_ms"`
				RequestID string   `json:"request_id"`
				Error     string
			}
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatalf("%v: %s", err, &out)
			}
			if line.Level != tc.level || line.Operation != "buy" || line.Outcome != tc.outcome || line.Duration == nil || line.RequestID != "r1" {
				t.Errorf("got %s", &out)
			}
			if tc.level == slog.LevelError && !strings.Contains(line.Error, "no such table") {
				t.Errorf("the cause is missing: %s", &out)
			}
		})
	}
}

func TestAPanicIsLoggedWithItsStack(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, nil))
	ep := middleware.Chain(middleware.Logging(logger), middleware.Recover())("buy")(panicking("boom"))
	if _, err := ep(t.Context(), nil); err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"level=ERROR", "boom", "endpoint_test.go"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &out)
		}
	}
}

// series returns the histograms of a gathered metric by "operation/code".
func series(t *testing.T, g prometheus.Gatherer, name string) map[string]*dto.Histogram {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*dto.Histogram{}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			out[labels["service"]+"/"+labels["operation"]+"/"+labels["code"]] = m.GetHistogram()
		}
	}
	return out
}

func TestMetricsCountByOperationAndCode(t *testing.T) {
	reg := prometheus.NewRegistry()
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test")
	for range 2 { // registering again shares the series
		for _, service := range []string{"games", "users"} {
			metrics, err := middleware.Metrics(prometheus.WrapRegistererWith(prometheus.Labels{"service": service}, reg))
			if err != nil {
				t.Fatal(err)
			}
			for _, tc := range cases() {
				_, _ = middleware.Chain(middleware.Tracing(tracer), metrics)("buy")(answering(nil, tc.err))(t.Context(), nil)
			}
		}
	}
	got := series(t, reg, "gamestore_endpoint_duration_seconds")
	for label, want := range map[string]uint64{
		"games/buy/ok": 2, "users/buy/ok": 2, "games/buy/already-owned": 2, "games/buy/timeout": 4, "games/buy/internal": 2,
	} {
		if h := got[label]; h.GetSampleCount() != want {
			t.Errorf("%s: %d calls, want %d", label, h.GetSampleCount(), want)
		}
	}
	var bounds []float64
	exemplar := ""
	for _, b := range got["games/buy/ok"].GetBucket() {
		bounds = append(bounds, b.GetUpperBound())
		for _, l := range b.GetExemplar().GetLabel() {
			exemplar = l.GetName() + "=" + l.GetValue()
		}
	}
	if len(bounds) == 0 || bounds[0] != .001 || bounds[1] != .0025 {
		t.Errorf("buckets begin with %v, want .001 and .0025", bounds)
	}
	known := map[string]bool{}
	for _, s := range recorder.Ended() {
		known["trace_id="+s.SpanContext().TraceID().String()] = true
	}
	if !known[exemplar] {
		t.Errorf("the exemplar is %q, no trace of ours", exemplar)
	}
}

func TestTracingMarksOnlyOurOwnFailures(t *testing.T) {
	for _, tc := range cases() {
		t.Run(tc.name, func(t *testing.T) {
			recorder := tracetest.NewSpanRecorder()
			tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test")
			_, _ = middleware.Tracing(tracer)("buy")(answering(nil, tc.err))(t.Context(), nil)
			spans := recorder.Ended()
			if len(spans) != 1 || spans[0].Name() != "buy" {
				t.Fatalf("got spans %v", spans)
			}
			if failed := spans[0].Status().Code == codes.Error; failed != (tc.level > slog.LevelInfo) {
				t.Errorf("status %v", spans[0].Status())
			}
		})
	}
}
