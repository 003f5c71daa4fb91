package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"golang.org/x/time/rate"
)

const (
	// queueSize is the most spans that wait for the collector; batchSize go in one call.
	queueSize, batchSize = 4096, 512
	// batchDelay is how long a span waits for others.
	batchDelay = time.Second
	// closeTimeout bounds how long the end of the process waits for the collector.
	closeTimeout = 2 * time.Second
)

// Options are what the process gives.
type Options struct {
	// Version is that of the build.
	Version string
	// Logger hears of a collector that takes no spans. Nil logs nothing.
	Logger *slog.Logger
	// Registry gets gamestore_spans_total. Nil registers nothing.
	Registry prometheus.Registerer
	// Processor gets the spans instead of an exporter, for tests; Config then says the
	// share alone.
	Processor sdk.SpanProcessor
}

// Tracing is the way of spans out of the process. A nil Tracing makes none.
type Tracing struct {
	processor sdk.SpanProcessor
	sample    float64
	version   string
}

// Open returns nil, which is a Tracing that makes no spans, if cfg asks for none. An
// error says which flag is wrong. A collector that is not there is no error.
func Open(ctx context.Context, cfg Config, o Options) (*Tracing, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	t := &Tracing{processor: o.Processor, sample: cfg.Sample, version: o.Version}
	if t.processor != nil {
		return t, nil
	}
	if !cfg.On() {
		return nil, nil //nolint:nilnil // a nil Tracing is one that makes no spans
	}
	exporter, err := newExporter(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c, err := newCounts(o.Registry)
	if err != nil {
		return nil, errors.Join(err, exporter.Shutdown(ctx))
	}
	out := &watched{SpanExporter: exporter, logger: o.Logger, counts: c, quiet: rate.Sometimes{Interval: complainEvery}}
	t.processor = &bounded{counts: c, SpanProcessor: sdk.NewBatchSpanProcessor(out,
		sdk.WithMaxQueueSize(queueSize), sdk.WithMaxExportBatchSize(batchSize),
		sdk.WithBatchTimeout(batchDelay), sdk.WithExportTimeout(exportTimeout))}
	return t, nil
}

// On reports whether spans are made.
func (t *Tracing) On() bool { return t != nil }

// Provider returns what makes the spans of an app, under its own service name. Whoever
// begins a trace decides by the sampled share whether it is kept, and all others follow.
func (t *Tracing) Provider(service string) trace.TracerProvider {
	return t.provider(service, sdk.ParentBased(t.ratio()))
}

// PublicProvider is for an app that strangers call. It continues their traces, but what
// they say of sampling does not count: nobody outside can have every trace kept, or none.
func (t *Tracing) PublicProvider(service string) trace.TracerProvider {
	ratio := t.ratio()
	return t.provider(service, sdk.ParentBased(ratio, sdk.WithRemoteParentSampled(ratio), sdk.WithRemoteParentNotSampled(ratio)))
}

func (t *Tracing) ratio() sdk.Sampler {
	if t == nil {
		return sdk.NeverSample()
	}
	return sdk.TraceIDRatioBased(t.sample)
}

func (t *Tracing) provider(service string, sampler sdk.Sampler) trace.TracerProvider {
	if t == nil {
		return noop.NewTracerProvider()
	}
	return sdk.NewTracerProvider(
		sdk.WithSpanProcessor(t.processor), sdk.WithSampler(sampler),
		sdk.WithResource(resource.NewWithAttributes(semconv.SchemaURL,
			semconv.ServiceName(service), semconv.ServiceNamespace("gamestore"), semconv.ServiceVersion(t.version))),
	)
}

// Close sends what waits and ends. It gives up after two seconds: a collector that is
// not there must not keep the process from ending. Spans that come later are lost.
func (t *Tracing) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := t.processor.Shutdown(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("tracing: %w", err)
	}
	return nil // spans that were not sent in time are no failure of the process
}
