package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/exporters/jaeger" //nolint:staticcheck // retired upstream, and wanted for collectors that speak Thrift only
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"golang.org/x/time/rate"
)

const (
	// exportTimeout bounds one call of the collector.
	exportTimeout = 5 * time.Second
	// complainEvery is how often the log says that the collector does not take spans.
	complainEvery = time.Minute
)

// newExporter opens the exporter of cfg. It does not connect.
func newExporter(ctx context.Context, cfg Config) (sdk.SpanExporter, error) {
	to, err := cfg.collector()
	if err != nil {
		return nil, err
	}
	switch cfg.exporter() {
	case Jaeger:
		return jaeger.New(jaeger.WithCollectorEndpoint(jaeger.WithEndpoint(to), jaeger.WithHTTPClient(newClient())))
	case Zipkin:
		return &zipkinExporter{url: to, client: newClient()}, nil
	}
	e, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(to), otlptracehttp.WithTimeout(exportTimeout),
		// What cannot be sent now is lost: the next spans are worth more than these.
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}))
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	return e, nil
}

// newClient has connections of its own, which watched.Shutdown closes.
func newClient() *http.Client {
	return &http.Client{Timeout: exportTimeout, Transport: &http.Transport{MaxIdleConns: 2, IdleConnTimeout: 30 * time.Second, Proxy: http.ProxyFromEnvironment}}
}

// watched is an exporter whose failures are logged, now and then, and counted. It never
// returns them: OpenTelemetry would hand them to a global handler.
type watched struct {
	sdk.SpanExporter
	logger *slog.Logger
	counts *counts
	quiet  rate.Sometimes
}

// ExportSpans implements sdk.SpanExporter.
func (w *watched) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := w.SpanExporter.ExportSpans(ctx, spans)
	w.counts.exported(len(spans), err)
	if err != nil {
		w.quiet.Do(func() {
			w.logger.WarnContext(ctx, "the collector takes no spans; this is said once a minute", "error", err.Error(), "lost", len(spans))
		})
	}
	return nil
}
