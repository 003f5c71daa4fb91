package tracing

import (
	"context"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"gamestore.example/pkg/observe"
)

// counts tell what became of spans.
type counts struct {
	sent, failed, dropped prometheus.Counter
	// waiting are the spans that the exporter has not had yet.
	waiting atomic.Int64
}

func newCounts(reg prometheus.Registerer) (*counts, error) {
	vec, err := observe.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gamestore_spans_total",
		Help: "Sampled spans, by outcome: sent, failed (the collector did not take them) or dropped (too many waited).",
	}, []string{"outcome"}))
	if err != nil {
		return nil, err
	}
	return &counts{sent: vec.WithLabelValues("sent"), failed: vec.WithLabelValues("failed"), dropped: vec.WithLabelValues("dropped")}, nil
}

func (c *counts) exported(n int, err error) {
	c.waiting.Add(int64(-n))
	if err != nil {
		c.failed.Add(float64(n))
		return
	}
	c.sent.Add(float64(n))
}

// bounded drops the spans that the batch processor would drop unseen.
type bounded struct {
	sdk.SpanProcessor
	counts *counts
}

// OnEnd implements sdk.SpanProcessor.
func (b *bounded) OnEnd(s sdk.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	if b.counts.waiting.Add(1) > queueSize {
		b.counts.waiting.Add(-1)
		b.counts.dropped.Inc()
		return
	}
	b.SpanProcessor.OnEnd(s)
}

// Shutdown implements sdk.SpanProcessor. The providers of all apps share the processor,
// so that only Tracing may call it, and calls it once.
func (b *bounded) Shutdown(ctx context.Context) error { return b.SpanProcessor.Shutdown(ctx) }
