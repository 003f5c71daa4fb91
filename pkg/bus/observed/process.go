package observed

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/observe"
)

// The attributes that the conventions have no name for.
const (
	attemptAttribute = attribute.Key("gamestore.delivery.attempt")
	settleAttribute  = attribute.Key("gamestore.delivery.settle")
)

// Subscriptions returns subs with a CONSUMER span around each delivery. Its parent is the
// span that published the message, and it has a link to that as well, for those who
// look for what a message led to and not for the whole trace.
func (o *Observer) Subscriptions(subs []bus.Subscription) []bus.Subscription {
	all := make([]bus.Subscription, len(subs))
	for i, s := range subs {
		all[i] = bus.Subscription{Queue: s.Queue, Handler: o.handler(s.Queue.Name, s.Handler)}
	}
	return all
}

func (o *Observer) handler(queue string, next bus.Handler) bus.Handler {
	return func(ctx context.Context, m bus.Message) error {
		ctx, span := o.begin(ctx, queue, m)
		if span != nil {
			defer span.End() // also when the handler panics
		}
		err := next(ctx, m)
		if err == nil {
			o.late(ctx, m)
		}
		if span != nil {
			span.SetAttributes(settleAttribute.String(errs.SettleOf(err).String()))
			observe.Fail(span, err)
		}
		return err
	}
}

// begin starts the span of a delivery, or returns nil if the trace is not kept.
func (o *Observer) begin(ctx context.Context, queue string, m bus.Message) (context.Context, trace.Span) {
	cause := trace.SpanContextFromContext(ctx)
	if !cause.IsSampled() {
		return ctx, nil
	}
	ctx, span := o.tracer.Start(ctx, "process "+queue, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(trace.Link{SpanContext: cause}))
	if !span.IsRecording() {
		return ctx, nil
	}
	span.SetAttributes(o.system, semconv.MessagingOperationName("process"), semconv.MessagingOperationTypeProcess,
		semconv.MessagingDestinationName(queue), semconv.MessagingRabbitMQDestinationRoutingKey(m.Key), semconv.MessagingMessageID(m.ID),
		attemptAttribute.Int(m.Attempt))
	span.SetAttributes(about(m)...)
	return ctx, span
}

// late measures the lag of an event, once it is handled.
func (o *Observer) late(ctx context.Context, m bus.Message) {
	if at, ok := happened(m.ID); ok {
		observe.Seconds(ctx, o.lag.WithLabelValues(o.keys.Label(m.Key)), max(time.Since(at), 0))
	}
}

// about says what an event is about, such as the id of a purchase, by which its trace can
// be found. Only what is traced is decoded for it.
func about(m bus.Message) []attribute.KeyValue {
	e, err := event.Unmarshal(m.Body)
	if err != nil {
		return nil
	}
	return []attribute.KeyValue{semconv.CloudEventsEventType(e.Type), semconv.CloudEventsEventSubject(e.Subject)}
}
