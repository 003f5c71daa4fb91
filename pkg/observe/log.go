package observe

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// NewLogger returns a logger that writes one line per record to w: format "text"
// is key=value for people, everything else is JSON. Records logged with a context
// get request_id, trace_id and span_id from it, always at the top level, even
// inside a group.
func NewLogger(w io.Writer, level slog.Leveler, format string) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if format == "text" {
		return slog.New(NewHandler(slog.NewTextHandler(w, opts)))
	}
	return slog.New(NewHandler(slog.NewJSONHandler(w, opts)))
}

// NewHandler returns a handler that adds the ids in the context to each record
// before h writes it.
func NewHandler(h slog.Handler) slog.Handler { return &handler{base: h, full: h} }

// handler keeps what came after the first WithGroup apart, because attributes that
// are added later would otherwise land inside of that group.
type handler struct {
	base  slog.Handler                      // everything before the first group
	full  slog.Handler                      // base with after applied
	after []func(slog.Handler) slog.Handler // the first group and what follows
}

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.full.Enabled(ctx, level)
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	ids := contextAttrs(ctx)
	if len(ids) == 0 {
		return h.full.Handle(ctx, r)
	}
	if len(h.after) == 0 {
		r = r.Clone()
		r.AddAttrs(ids...)
		return h.base.Handle(ctx, r)
	}
	next := h.base.WithAttrs(ids)
	for _, apply := range h.after {
		next = apply(next)
	}
	return next.Handle(ctx, r)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(h.after) == 0 {
		return NewHandler(h.base.WithAttrs(attrs))
	}
	return h.then(func(next slog.Handler) slog.Handler { return next.WithAttrs(attrs) })
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.then(func(next slog.Handler) slog.Handler { return next.WithGroup(name) })
}

func (h *handler) then(apply func(slog.Handler) slog.Handler) slog.Handler {
	after := append(h.after[:len(h.after):len(h.after)], apply)
	return &handler{base: h.base, full: apply(h.full), after: after}
}

func contextAttrs(ctx context.Context) []slog.Attr {
	var attrs []slog.Attr
	if id := RequestID(ctx); id != "" {
		attrs = append(attrs, slog.String("request_id", id))
	}
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		attrs = append(attrs, slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	return attrs
}
