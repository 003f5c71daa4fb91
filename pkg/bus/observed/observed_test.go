package observed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/bus/observed"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/observe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	queue    = "example.things"
	patience = 2 * time.Minute
)

// side is an app's side of a bus.
type side struct {
	*observed.Observer
	spans *tracetest.SpanRecorder
	reg   *prometheus.Registry
}

func newSide(t *testing.T, system string) side {
	t.Helper()
	s := side{spans: tracetest.NewSpanRecorder(), reg: prometheus.NewRegistry()}
	o, err := observed.New(sdk.NewTracerProvider(sdk.WithSpanProcessor(s.spans)), s.reg, system)
	if err != nil {
		t.Fatal(err)
	}
	s.Observer = o
	return s
}

// cause is a span that messages can be caused by, and the headers that say so.
func cause(sampled bool) (trace.SpanContext, map[string]string) {
	cfg := trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}}
	if sampled {
		cfg.TraceFlags = trace.FlagsSampled
	}
	sc, headers := trace.NewSpanContext(cfg), map[string]string{"other": "stays"}
	observe.Inject(trace.ContextWithSpanContext(context.Background(), sc), headers)
	return sc, headers
}

// tell says the spans of a trace in order, each with its parent's name, and what is
// special about it.
func tell(t *testing.T, spans []sdk.ReadOnlySpan, root trace.SpanContext) (told []string) {
	t.Helper()
	names := map[trace.SpanID]string{root.SpanID(): "cause"}
	for _, s := range spans {
		names[s.SpanContext().SpanID()] = s.Name()
	}
	slices.SortStableFunc(spans, func(a, b sdk.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	for _, s := range spans {
		if s.SpanContext().TraceID() != root.TraceID() {
			t.Errorf("%s is of another trace", s.Name())
		}
		line := fmt.Sprintf("%s %s < %s", s.SpanKind(), s.Name(), names[s.Parent().SpanID()])
		for _, kv := range s.Attributes() {
			if slices.Contains([]string{"gamestore.delivery.attempt", "gamestore.delivery.settle", "error.type"}, string(kv.Key)) {
				line += " " + kv.Value.String()
			}
		}
		for _, l := range s.Links() {
			line += " link to " + names[l.SpanContext.SpanID()]
		}
		told = append(told, line)
	}
	return told
}

var errFlaky = errs.New(errs.Unavailable, "flaky", "not now").WithRetryAfter(time.Millisecond)

// errPoison cannot be mended by a retry.
var errPoison = errs.New(errs.Invalid, "poison", "never")

// TestATraceGoesThroughRetriesToTheDeadLetter over both buses: a message fails twice, then
// is given up, is put back, and is handled.
func TestATraceGoesThroughRetriesToTheDeadLetter(t *testing.T) {
	ladder := []time.Duration{time.Millisecond, time.Millisecond}
	for name, open := range map[string]func(t *testing.T) (bus.Bus, bus.DeadLetters){
		observed.Embedded: func(*testing.T) (bus.Bus, bus.DeadLetters) {
			b := memory.New(memory.WithRetry(ladder...))
			return b, b
		},
		observed.RabbitMQ: func(t *testing.T) (bus.Bus, bus.DeadLetters) {
			cfg := rabbit.Config{URL: rabbittest.URL(t), Ladder: ladder}
			b, err1 := rabbit.New(cfg)
			letters, err2 := rabbit.NewDeadLetters(cfg, "example")
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Close() })
			return b, letters
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSide(t, name)
			b, letters := open(t)
			deliveries := make(chan int, 10)
			n := 0
			sub := s.Subscriptions([]bus.Subscription{{Queue: bus.Queue{Name: queue, Keys: []string{"thing.*"}, Concurrency: 1}, Handler: func(ctx context.Context, m bus.Message) error {
				n++
				if !trace.SpanFromContext(ctx).IsRecording() || m.Headers["other"] != "stays" {
					t.Errorf("a delivery has no span, or lost headers: %v", m.Headers)
				}
				defer func() { deliveries <- n }()
				return map[int]error{1: errors.New("a bug"), 2: errors.New("a bug"), 3: errPoison}[n]
			}}})[0]
			ctx, stop := context.WithTimeout(t.Context(), patience)
			defer stop()
			for b.Declare(ctx, sub.Queue) != nil { // the broker has only just started
				if ctx.Err() != nil {
					t.Fatal(ctx.Err())
				}
			}
			consumed := make(chan error, 1)
			go func() { consumed <- b.Consume(ctx, sub.Queue, sub.Handler) }()
			root, headers := cause(true)
			id := uuid.Must(uuid.NewV7()).String()
			for s.Publisher(b).Publish(ctx, bus.Message{ID: id, Key: "thing.made", Headers: headers, Body: []byte("{}")})[0] != nil {
				if ctx.Err() != nil {
					t.Fatal(ctx.Err())
				}
				s.spans.Reset() // of what was not confirmed
			}
			awaitDelivery(ctx, t, deliveries, 3)
			for letters.Replay(ctx, queue, id) != nil { // it takes a moment until it is there
				if ctx.Err() != nil {
					t.Fatal(ctx.Err())
				}
			}
			awaitDelivery(ctx, t, deliveries, 4)
			stop()
			if err := <-consumed; err != nil {
				t.Error(err)
			}
			link := " link to publish thing.made"
			want := []string{
				"producer publish thing.made < cause",
				"consumer process example.things < publish thing.made 1 retry internal" + link,
				"consumer process example.things < publish thing.made 2 retry internal" + link,
				"consumer process example.things < publish thing.made 3 dead poison" + link,
				"consumer process example.things < publish thing.made 1 ack" + link,
			}
			if d := cmp.Diff(want, tell(t, s.spans.Ended(), root)); d != "" {
				t.Error(d)
			}
			if got := counts(t, s.reg); got["gamestore_event_lag_seconds thing.made"] != 1 || got["messaging_client_operation_duration_seconds thing.made "] < 1 {
				t.Errorf("measured: %v", got)
			}
		})
	}
}

func awaitDelivery(ctx context.Context, t *testing.T, deliveries <-chan int, want int) {
	t.Helper()
	for {
		select {
		case n := <-deliveries:
			if n == want {
				return
			}
		case <-ctx.Done():
			t.Fatalf("delivery %d does not come", want)
		}
	}
}

// counts are the observations of each histogram, by its name and its labels' values.
func counts(t *testing.T, reg *prometheus.Registry) map[string]uint64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			got[name] = m.GetHistogram().GetSampleCount()
		}
	}
	return got
}

// kept is a publisher that keeps what it gets.
type kept struct {
	msgs []bus.Message
	err  error
}

func (k *kept) Publish(_ context.Context, msgs ...bus.Message) []error {
	k.msgs = msgs
	errs := make([]error, len(msgs))
	for i := range errs {
		errs[i] = k.err
	}
	return errs
}

func TestWhatIsNotSampledIsPassedOnAsItIs(t *testing.T) {
	_, unsampled := cause(false)
	for name, headers := range map[string]map[string]string{"no trace": nil, "unsampled": unsampled} {
		s, next := newSide(t, observed.Embedded), &kept{}
		msgs := []bus.Message{{ID: "1", Key: "thing.made", Headers: headers}}
		s.Publisher(next).Publish(t.Context(), msgs...)
		if len(s.spans.Started()) != 0 || &next.msgs[0] != &msgs[0] {
			t.Errorf("%s: spans or copies are made", name)
		}
	}
	_, sampled := cause(true)
	o, err := observed.New(noop.NewTracerProvider(), nil, observed.Embedded)
	if err != nil {
		t.Fatal(err)
	}
	next := &kept{}
	o.Publisher(next).Publish(t.Context(), bus.Message{ID: "1", Headers: sampled})
	if d := cmp.Diff(sampled, next.msgs[0].Headers); d != "" {
		t.Errorf("without tracing the headers change: %s", d)
	}
}

func TestAMessageThatIsNotConfirmedIsAFailedSpan(t *testing.T) {
	s, next := newSide(t, observed.Embedded), &kept{err: errFlaky}
	root, headers := cause(true)
	before := headers["traceparent"]
	if errs := s.Publisher(next).Publish(t.Context(), bus.Message{ID: "1", Key: "thing.made", Headers: headers}); !errors.Is(errs[0], errFlaky) {
		t.Errorf("got %v", errs)
	}
	if d := cmp.Diff([]string{"producer publish thing.made < cause flaky"}, tell(t, s.spans.Ended(), root)); d != "" {
		t.Error(d)
	}
	if headers["traceparent"] != before || next.msgs[0].Headers["traceparent"] == before {
		t.Error("the outbox's own message was changed, or the published one was not")
	}
	if counts(t, s.reg)["messaging_client_operation_duration_seconds thing.made flaky"] != 1 {
		t.Errorf("measured: %v", counts(t, s.reg))
	}
}

func TestStrangersCannotMakeLabels(t *testing.T) {
	s := newSide(t, observed.Embedded)
	handle := s.Subscriptions([]bus.Subscription{{Queue: bus.Queue{Name: queue}, Handler: func(context.Context, bus.Message) error { return nil }}})[0].Handler
	for i := range 1000 {
		if err := handle(t.Context(), bus.Message{ID: uuid.Must(uuid.NewV7()).String(), Key: fmt.Sprintf("payment.%d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	series := 0
	for name := range counts(t, s.reg) {
		if strings.HasPrefix(name, "gamestore_event_lag_seconds") {
			series++
		}
	}
	if series > 65 {
		t.Errorf("%d series", series)
	}
}
