package observed

import (
	"context"
	"maps"
	"time"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/observe"
)

// Publisher returns next with a PRODUCER span for each message, whose parent is what the
// message was caused by.
func (o *Observer) Publisher(next bus.Publisher) bus.Publisher {
	return &publisher{Observer: o, next: next}
}

type publisher struct {
	*Observer
	next bus.Publisher
}

// Publish implements bus.Publisher.
func (p *publisher) Publish(ctx context.Context, msgs ...bus.Message) []error {
	began := time.Now()
	sent, spans := p.begin(ctx, msgs)
	results := p.next.Publish(ctx, sent...)
	took := time.Since(began)
	for i, m := range msgs {
		var err error
		if i < len(results) {
			err = results[i]
		}
		p.publish.WithLabelValues(p.keys.Label(m.Key), string(errs.CodeOf(err))).Observe(took.Seconds())
		if spans != nil && spans[i] != nil {
			observe.Fail(spans[i], err)
			spans[i].End()
		}
	}
	return results
}

// begin returns the messages to send, and the span of each: nil where its trace is not
// kept. The caller's own messages stay as they are.
func (p *publisher) begin(ctx context.Context, msgs []bus.Message) ([]bus.Message, []trace.Span) {
	var (
		sent  = msgs
		spans []trace.Span
	)
	for i, m := range msgs {
		if len(m.Headers) == 0 {
			continue
		}
		cause := observe.Extract(ctx, m.Headers)
		if !trace.SpanContextFromContext(cause).IsSampled() {
			continue
		}
		ctx, span := p.tracer.Start(cause, "publish "+m.Key, trace.WithSpanKind(trace.SpanKindProducer))
		if !span.IsRecording() {
			continue
		}
		span.SetAttributes(p.system, semconv.MessagingOperationName("publish"), semconv.MessagingOperationTypeSend,
			semconv.MessagingDestinationName(m.Key), semconv.MessagingRabbitMQDestinationRoutingKey(m.Key), semconv.MessagingMessageID(m.ID))
		span.SetAttributes(about(m)...)
		if spans == nil {
			sent, spans = append([]bus.Message(nil), msgs...), make([]trace.Span, len(msgs))
		}
		spans[i] = span
		sent[i].Headers = maps.Clone(m.Headers)
		observe.Inject(ctx, sent[i].Headers)
	}
	return sent, spans
}
