package sqldb

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/observe"
)

// watch is what Observe adds to a database.
type watch struct {
	name         string
	tracer       trace.Tracer
	writes, read prometheus.Observer
}

// Observe measures the database from now on: db_client_operation_duration_seconds, where
// a write lasts from the call to the commit that it shares with others, and a read until
// its first row; and the statistics of both pools. Writes of a sampled trace are CLIENT
// spans. name is the database's, such as "games". Call it before the database is used by
// anybody else.
func (db *DB) Observe(reg prometheus.Registerer, tracer trace.TracerProvider, name string) error {
	durations, err := observe.Register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "db_client_operation_duration_seconds",
		Help:    "How long the database took, by operation: write, which is until the commit, or read, which is until the first row.",
		Buckets: observe.DurationBuckets(),
	}, []string{"db_system_name", "operation"}))
	if err != nil {
		return fmt.Errorf("sqldb: %w", err)
	}
	if _, err := observe.Register(reg, collectors.NewDBStatsCollector(db.reader.pool, name+"-read")); err != nil {
		return fmt.Errorf("sqldb: %w", err)
	}
	system := durations.MustCurryWith(prometheus.Labels{"db_system_name": "sqlite"})
	w := &watch{name: name, tracer: tracer.Tracer("gamestore.example/pkg/sqldb"), writes: system.WithLabelValues("write"), read: system.WithLabelValues("read")}
	if db.writer != nil {
		if _, err := observe.Register(reg, collectors.NewDBStatsCollector(db.writer.pool, name+"-write")); err != nil {
			return fmt.Errorf("sqldb: %w", err)
		}
	}
	db.watch, db.reader.watch = w, w
	return nil
}

// write runs do as one observed write.
func (w *watch) write(ctx context.Context, do func(context.Context) error) error {
	began := time.Now()
	var span trace.Span
	if trace.SpanContextFromContext(ctx).IsSampled() {
		ctx, span = w.tracer.Start(ctx, "write "+w.name, trace.WithSpanKind(trace.SpanKindClient))
		defer span.End()
	}
	err := do(ctx)
	observe.Seconds(ctx, w.writes, time.Since(began))
	if span != nil && span.IsRecording() {
		span.SetAttributes(semconv.DBSystemNameSQLite, semconv.DBNamespace(w.name), semconv.DBOperationName("write"))
		observe.Fail(span, err)
	}
	return err
}

// reading notes how long a read took.
func (r *reader) reading(ctx context.Context, began time.Time) {
	if r.watch != nil {
		observe.Seconds(ctx, r.watch.read, time.Since(began))
	}
}
