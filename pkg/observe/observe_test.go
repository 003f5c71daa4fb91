package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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

func TestTheLoggerOfGoKit(t *testing.T) {
	for name, tc := range map[string]struct {
		keyvals []any
		want    string
	}{
		"message and values": {[]any{"msg", "hello", "n", 3}, `level=WARN msg=hello n=3`},
		"an error":           {[]any{"err", errors.New("broken")}, `level=WARN msg=go-kit err=broken`},
		"no value":           {[]any{"err"}, `level=WARN msg=go-kit err=(MISSING)`},
		"nothing":            {nil, `level=WARN msg=go-kit`},
		"another level":      {[]any{"level", "info", 7, true}, `level=WARN msg=go-kit kit.level=info 7=true`},
		"a forged line":      {[]any{"msg", "x\nlevel=ERROR"}, `level=WARN msg="x\nlevel=ERROR"`},
	} {
		var out bytes.Buffer
		if err := observe.KitLogger(observe.NewLogger(&out, slog.LevelInfo, "text"), slog.LevelWarn).Log(tc.keyvals...); err != nil {
			t.Error(err)
		}
		if _, line, _ := strings.Cut(strings.TrimSpace(out.String()), " "); line != tc.want {
			t.Errorf("%s: %s, want %s", name, line, tc.want)
		}
	}
	var out bytes.Buffer
	_ = observe.KitLogger(observe.NewLogger(&out, slog.LevelInfo, "text"), slog.LevelDebug).Log("msg", "hello")
	if out.Len() != 0 {
		t.Errorf("below the level: %s", &out)
	}
}

func TestB3IsReadInBothForms(t *testing.T) {
	other := strings.Repeat("ab", 16)
	for name, tc := range map[string]struct {
		headers map[string]string
		trace   string
		sampled bool
	}{
		"single":                 {map[string]string{"b3": traceID + "-" + spanID + "-1"}, traceID, true},
		"single, not sampled":    {map[string]string{"b3": traceID + "-" + spanID + "-0"}, traceID, false},
		"many":                   {map[string]string{"x-b3-traceid": traceID, "x-b3-spanid": spanID, "x-b3-sampled": "1"}, traceID, true},
		"debug is sampled":       {map[string]string{"b3": traceID + "-" + spanID + "-d"}, traceID, true},
		"W3C goes first":         {map[string]string{"traceparent": traceparent, "b3": other + "-" + spanID + "-1"}, traceID, true},
		"malformed W3C, good B3": {map[string]string{"traceparent": "00-x", "b3": other + "-" + spanID + "-1"}, other, true},
		"malformed":              {map[string]string{"b3": "canary"}, "", false},
		"nothing but a decision": {map[string]string{"b3": "0"}, "", false},
	} {
		sc := trace.SpanContextFromContext(observe.Extract(t.Context(), tc.headers))
		if sc.HasTraceID() != (tc.trace != "") || tc.trace != "" && (sc.TraceID().String() != tc.trace || sc.IsSampled() != tc.sampled || !sc.IsRemote()) {
			t.Errorf("%s: %+v", name, sc)
		}
	}
	debug := observe.Extract(t.Context(), map[string]string{"b3": traceID + "-" + spanID + "-d"})
	sent := map[string]string{}
	observe.Inject(debug, sent)
	if sent["b3"] != traceID+"-"+spanID+"-1" {
		t.Errorf("debug goes on: %v", sent)
	}
}

func TestACeiling(t *testing.T) {
	c := observe.NewCeiling(2)
	got := []string{c.Label("a"), c.Label("b"), c.Label("c"), c.Label("a"), c.Label("d")}
	if d := cmp.Diff([]string{"a", "b", observe.Other, "a", observe.Other}, got); d != "" {
		t.Error(d)
	}
}
