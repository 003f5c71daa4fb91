package security_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// spans keeps, as text, all that is said about a span.
type spans struct {
	noop.TracerProvider
	said journal
}

func (s *spans) Tracer(string, ...trace.TracerOption) trace.Tracer { return &tracer{spans: s} }

func (s *spans) say(what ...any) { fmt.Fprintln(&s.said, what...) }

type tracer struct {
	noop.Tracer
	spans *spans
}

func (t *tracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	cfg := trace.NewSpanStartConfig(options...)
	t.spans.say(name, cfg.Attributes())
	s := &span{spans: t.spans}
	return trace.ContextWithSpan(ctx, s), s
}

type span struct {
	noop.Span
	spans *spans
}

func (s *span) SetName(name string)                           { s.spans.say(name) }
func (s *span) SetAttributes(all ...attribute.KeyValue)       { s.spans.say(all) }
func (s *span) SetStatus(_ codes.Code, text string)           { s.spans.say(text) }
func (s *span) RecordError(err error, _ ...trace.EventOption) { s.spans.say(err) }
func (s *span) AddEvent(name string, options ...trace.EventOption) {
	cfg := trace.NewEventConfig(options...)
	s.spans.say(name, cfg.Attributes())
}
