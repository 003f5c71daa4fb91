package tracing_test

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/tracing"
)

func open(t *testing.T, cfg tracing.Config, o tracing.Options) *tracing.Tracing {
	t.Helper()
	tr, err := tracing.Open(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// tell makes three spans of two services, and returns what a collector should read.
func tell(tr *tracing.Tracing) []received {
	ctx, server := tr.PublicProvider("gateway").Tracer("test").Start(context.Background(), "POST /purchases", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.route", "/purchases"), attribute.Int("http.response.status_code", 202)))
	games := tr.Provider("games").Tracer("test")
	ctx, producer := games.Start(ctx, "publish game.purchased", trace.WithSpanKind(trace.SpanKindProducer))
	_, consumer := games.Start(ctx, "process payments.purchases", trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithLinks(trace.Link{SpanContext: producer.SpanContext()}))
	consumer.AddEvent("retried")
	consumer.SetStatus(codes.Error, "provider-down")
	consumer.End()
	producer.End()
	server.End()
	id := func(s trace.Span) string { return s.SpanContext().SpanID().String() }
	of := func(s trace.Span, r received) received {
		r.Version, r.Trace, r.ID = "1.2.3", s.SpanContext().TraceID().String(), id(s)
		return r
	}
	return []received{
		of(server, received{Service: "gateway", Name: "POST /purchases", Kind: "server", Route: "/purchases"}),
		of(producer, received{Service: "games", Name: "publish game.purchased", Kind: "producer", Parent: id(server)}),
		of(consumer, received{Service: "games", Name: "process payments.purchases", Kind: "consumer", Parent: id(producer), Failed: true, Links: 1}),
	}
}

func TestSpansArriveAsTheCollectorsOwnDecodersReadThem(t *testing.T) {
	for exporter, path := range map[string]string{tracing.OTLP: "/v1/traces", tracing.Jaeger: "/api/traces", tracing.Zipkin: "/api/v2/spans"} {
		t.Run(exporter, func(t *testing.T) {
			c := newCollector(t, decoders()[exporter])
			reg := prometheus.NewRegistry()
			tr := open(t, tracing.Config{Exporter: exporter, Endpoint: c.URL, Sample: 1}, tracing.Options{Version: "1.2.3", Registry: reg})
			want := tell(tr)
			if err := tr.Close(); err != nil {
				t.Fatal(err)
			}
			got := c.got()
			if exporter == tracing.Zipkin { // whose library writes all names in lower case
				for i := range want {
					want[i].Name = strings.ToLower(want[i].Name)
				}
			}
			by := func(a, b received) int { return strings.Compare(a.ID, b.ID) }
			slices.SortFunc(got, by)
			slices.SortFunc(want, by)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if !c.paths[path] || len(c.paths) != 1 {
				t.Errorf("sent to %v, want %s", c.paths, path)
			}
			if err := testutil.GatherAndCompare(reg, strings.NewReader(spansTotal("0", "0", "3")), "gamestore_spans_total"); err != nil {
				t.Error(err)
			}
		})
	}
}

func spansTotal(dropped, failed, sent string) string {
	return `# HELP gamestore_spans_total Sampled spans, by outcome: sent, failed (the collector did not take them) or dropped (too many waited).
# TYPE gamestore_spans_total counter
gamestore_spans_total{outcome="dropped"} ` + dropped + `
gamestore_spans_total{outcome="failed"} ` + failed + `
gamestore_spans_total{outcome="sent"} ` + sent + "\n"
}

func TestWithoutAnEndpointThereAreNoSpans(t *testing.T) {
	for name, cfg := range map[string]tracing.Config{"nothing said": {Sample: 1}, "none": {Exporter: tracing.None, Endpoint: "http://127.0.0.1:1", Sample: 1}} {
		tr := open(t, cfg, tracing.Options{})
		_, span := tr.Provider("games").Tracer("test").Start(t.Context(), "x")
		if tr.On() || span.IsRecording() || span.SpanContext().IsValid() || tr.Close() != nil {
			t.Errorf("%s: spans are made", name)
		}
	}
}

func TestFlags(t *testing.T) {
	parse := func(args ...string) (cfg tracing.Config) {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		cfg.RegisterFlags(fs)
		if err := fs.Parse(args); err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	if cfg := parse(); cfg.On() || cfg.Sample != 1 {
		t.Errorf("the default is %+v", cfg)
	}
	if cfg := parse("-trace.endpoint", "http://collector:4318"); !cfg.On() {
		t.Error("an endpoint alone is not taken for OTLP")
	}
	for name, args := range map[string][]string{
		"unknown exporter": {"-trace.exporter", "smoke"}, "share above 1": {"-trace.sample", "1.1"}, "negative share": {"-trace.sample", "-0.1"},
		"no number": {"-trace.sample", "NaN"}, "no URL": {"-trace.endpoint", "collector:4318"}, "another scheme": {"-trace.endpoint", "ftp://collector"},
	} {
		if _, err := tracing.Open(t.Context(), parse(args...), tracing.Options{}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	_, err := tracing.Open(t.Context(), parse("-trace.endpoint", "http://me:secret@collector"), tracing.Options{})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a password in the URL: %v", err)
	}
}

// kept starts n traces and counts those that are kept.
func kept(p trace.TracerProvider, n int, parent trace.SpanContext) int {
	kept := 0
	for range n {
		_, span := p.Tracer("test").Start(trace.ContextWithRemoteSpanContext(context.Background(), parent), "x")
		if span.IsRecording() {
			kept++
		}
		span.End()
	}
	return kept
}

func TestSampling(t *testing.T) {
	with := func(share float64) *tracing.Tracing {
		return open(t, tracing.Config{Sample: share}, tracing.Options{Processor: tracetest.NewSpanRecorder()})
	}
	var none trace.SpanContext
	cfg := trace.SpanContextConfig{TraceID: trace.TraceID{0xff, 14: 0xff, 15: 0xff}, SpanID: trace.SpanID{1}, Remote: true}
	for i := 8; i < 16; i++ {
		cfg.TraceID[i] = 0xff // the ratio keeps the low ones
	}
	unsampled := trace.NewSpanContext(cfg)
	cfg.TraceFlags = trace.FlagsSampled
	sampled := trace.NewSpanContext(cfg)
	if n := kept(with(0.5).Provider("games"), 1000, none); n < 300 || n > 700 {
		t.Errorf("half of the traces: %d of 1000", n)
	}
	if kept(with(0).Provider("games"), 100, none) != 0 || kept(with(1).Provider("games"), 100, none) != 100 {
		t.Error("0 and 1 are not none and all")
	}
	if kept(with(0).Provider("games"), 1, sampled) != 1 || kept(with(1).Provider("games"), 1, unsampled) != 0 {
		t.Error("inside of the platform the beginning of the trace does not decide")
	}
	if kept(with(0.01).PublicProvider("gateway"), 1, sampled) != 0 || kept(with(1).PublicProvider("gateway"), 1, unsampled) != 1 {
		t.Error("a stranger decides what is kept")
	}
}

// lines counts the lines of a log.
type lines struct {
	mu sync.Mutex
	n  int
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n += strings.Count(string(p), "\n")
	return len(p), nil
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

func TestACollectorThatIsNotThereDelaysNothing(t *testing.T) {
	hangs := func(t *testing.T) string { // takes connections and never answers
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return "http://" + l.Addr().String()
	}
	refuses := func(t *testing.T) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		return "http://" + l.Addr().String()
	}
	fails := func(t *testing.T) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	for exporter := range decoders() {
		for name, where := range map[string]func(*testing.T) string{"hangs": hangs, "refuses": refuses, "fails": fails} {
			t.Run(exporter+" "+name, func(t *testing.T) {
				log, reg := &lines{}, prometheus.NewRegistry()
				tr := open(t, tracing.Config{Exporter: exporter, Endpoint: where(t), Sample: 1},
					tracing.Options{Logger: slog.New(slog.NewTextHandler(log, nil)), Registry: reg})
				// More than can wait: if a span waited for the collector, this would take minutes.
				if n := kept(tr.Provider("games"), 20000, trace.SpanContext{}); n != 20000 {
					t.Errorf("%d spans were made", n)
				}
				if err := tr.Close(); err != nil { // the bound of the test is that it comes back
					t.Error(err)
				}
				if n := log.count(); n > 1 {
					t.Errorf("the log says it %d times", n)
				}
				// A collector that refuses at once may do so faster than spans are made.
				if lost := value(t, reg, "dropped") + value(t, reg, "failed"); lost == 0 || value(t, reg, "sent") != 0 {
					t.Errorf("%v spans are said to be lost", lost)
				}
			})
		}
	}
}

func value(t *testing.T, reg *prometheus.Registry, outcome string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "gamestore_spans_total" && m.Label[0].GetValue() == outcome {
				return m.Counter.GetValue()
			}
		}
	}
	return math.NaN()
}

// stuck is a processor that ends only when it is told to.
type stuck struct{ *tracetest.SpanRecorder }

func (stuck) Shutdown(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

// broken is a processor that cannot end.
type broken struct{ *tracetest.SpanRecorder }

func (broken) Shutdown(context.Context) error { return errors.New("broken") }

func TestTheEndOfTheProcessWaitsTwoSecondsAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := open(t, tracing.Config{Sample: 1}, tracing.Options{Processor: stuck{tracetest.NewSpanRecorder()}})
		began := time.Now()
		if err := tr.Close(); err != nil || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
	if err := open(t, tracing.Config{Sample: 1}, tracing.Options{Processor: broken{tracetest.NewSpanRecorder()}}).Close(); err == nil {
		t.Error("what went wrong is kept secret")
	}
}
