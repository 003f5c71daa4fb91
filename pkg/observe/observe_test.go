package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"gamestore.example/pkg/observe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	traceID     = "0af7651916cd43dd8448eb211c80319c"
	spanID      = "b7ad6b7169203331"
	traceparent = "00-" + traceID + "-" + spanID + "-01"
)

func traced(t *testing.T) context.Context {
	t.Helper()
	ctx := observe.Extract(t.Context(), map[string]string{"traceparent": traceparent, "tracestate": "vendor=1", "baggage": "tier=gold"})
	return observe.WithRequestID(ctx, "req-1")
}

func TestLogLinesCarryTheIDs(t *testing.T) {
	const ids = `"request_id":"req-1","trace_id":"` + traceID + `","span_id":"` + spanID + `"`
	for name, tc := range map[string]struct {
		log  func(context.Context, *slog.Logger)
		want string
	}{
		"plain": {
			func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "hello", "a", 1) },
			`{"level":"INFO","msg":"hello","a":1,` + ids + `}`},
		"with attributes": {
			func(ctx context.Context, l *slog.Logger) {
				l.With("service", "games").WithGroup("").With().InfoContext(ctx, "hello", "a", 1)
			},
			`{"level":"INFO","msg":"hello","service":"games","a":1,` + ids + `}`},
		"inside groups, the ids stay at the top": {
			func(ctx context.Context, l *slog.Logger) {
				l.With("service", "games").WithGroup("http").With("route", "/x").WithGroup("body").InfoContext(ctx, "hello", "size", 1)
			},
			`{"level":"INFO","msg":"hello","service":"games",` + ids + `,"http":{"route":"/x","body":{"size":1}}}`},
		"siblings of a logger do not share": {
			func(ctx context.Context, l *slog.Logger) {
				g := l.WithGroup("g").With("x", 0).With("y", 0)
				_, b := g.With("a", 1), g.With("b", 2)
				b.InfoContext(ctx, "hello")
			},
			`{"level":"INFO","msg":"hello",` + ids + `,"g":{"x":0,"y":0,"b":2}}`},
		"without a context": {
			func(_ context.Context, l *slog.Logger) { l.Info("hello") },
			`{"level":"INFO","msg":"hello"}`},
		"below the level": {
			func(ctx context.Context, l *slog.Logger) { l.DebugContext(ctx, "hello") },
			``},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			tc.log(traced(t), observe.NewLogger(&out, slog.LevelInfo, "json"))
			line := strings.TrimSpace(out.String())
			if at := strings.Index(line, `"level"`); at > 0 {
				line = "{" + line[at:] // without the time
			}
			if d := cmp.Diff(tc.want, line); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTextFormatAndForgedLines(t *testing.T) {
	var out bytes.Buffer
	ctx := observe.WithRequestID(t.Context(), "x\nlevel=ERROR msg=forged")
	observe.NewLogger(&out, slog.LevelInfo, "text").InfoContext(ctx, "hello\r\nlevel=ERROR msg=forged")
	if lines := strings.Count(out.String(), "\n"); lines != 1 || !strings.Contains(out.String(), `level=INFO msg="hello\r\n`) {
		t.Errorf("got %q", out.String())
	}
}

func TestTraceContextTravels(t *testing.T) {
	ctx := traced(t)
	sent := map[string]string{"other": "stays"}
	observe.Inject(ctx, sent)
	if d := cmp.Diff(map[string]string{"other": "stays", "traceparent": traceparent, "tracestate": "vendor=1", "baggage": "tier=gold",
		"b3": traceID + "-" + spanID + "-1"}, sent); d != "" {
		t.Error(d)
	}
	arrived := observe.Extract(t.Context(), sent)
	if sc := trace.SpanContextFromContext(arrived); sc.TraceID().String() != traceID || !sc.IsRemote() || !sc.IsSampled() {
		t.Errorf("got %+v", sc)
	}
	if got := baggage.FromContext(arrived).Member("tier").Value(); got != "gold" {
		t.Errorf("baggage %q", got)
	}
	nothing := map[string]string{}
	observe.Inject(t.Context(), nothing)
	if len(nothing) != 0 {
		t.Errorf("an empty context injects %v", nothing)
	}
}

func TestTraceID(t *testing.T) {
	for name, tc := range map[string]struct {
		ctx  context.Context
		want string
	}{
		"nothing":       {t.Context(), ""},
		"request only":  {observe.WithRequestID(t.Context(), "req-1"), "req-1"},
		"trace first":   {traced(t), traceID},
		"nil headers":   {observe.Extract(t.Context(), nil), ""},
		"all zero":      {observe.Extract(t.Context(), map[string]string{"traceparent": "00-" + strings.Repeat("0", 32) + "-" + spanID + "-01"}), ""},
		"wrong version": {observe.Extract(t.Context(), map[string]string{"traceparent": "ff" + traceparent[2:]}), ""},
	} {
		if got := observe.TraceID(tc.ctx); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestRegistry(t *testing.T) {
	families, err := observe.NewRegistry("1.2.3", "abc").Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range families {
		names[f.GetName()] = true
		if f.GetName() == "gamestore_build_info" {
			b, err := json.Marshal(f.GetMetric())
			if err != nil || !bytes.Contains(b, []byte(`"1.2.3"`)) || !bytes.Contains(b, []byte(`"abc"`)) || f.GetMetric()[0].GetGauge().GetValue() != 1 {
				t.Errorf("got %s, %v", b, err)
			}
		}
	}
	for _, want := range []string{"go_goroutines", "process_cpu_seconds_total", "gamestore_build_info"} {
		if !names[want] {
			t.Errorf("no %s", want)
		}
	}
	observe.NewRegistry("1.2.3", "abc") // a second one in the same process is no trouble
}

func TestRegister(t *testing.T) {
	reg := prometheus.NewRegistry()
	counter := func(help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "gamestore_things_total", Help: help})
	}
	first, err := observe.Register(reg, counter("Things."))
	if err != nil {
		t.Fatal(err)
	}
	second, err := observe.Register(reg, counter("Things."))
	if err != nil || second != first {
		t.Errorf("the second is another one: %v", err)
	}
	if _, err := observe.Register(reg, counter("Other things.")); err == nil {
		t.Error("two different metrics of one name are registered")
	}
	if c, err := observe.Register(nil, counter("Things.")); err != nil || c == nil {
		t.Errorf("without a registry: %v", err)
	}
}
