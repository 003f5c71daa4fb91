package sqldb_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/sqldb"
)

func TestAnObservedDatabase(t *testing.T) {
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "example.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	spans, reg := tracetest.NewSpanRecorder(), prometheus.NewRegistry()
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans))
	if err := db.Observe(reg, provider, "example"); err != nil {
		t.Fatal(err)
	}
	write := func(ctx context.Context, fail error) {
		if err := db.Write(ctx, func(context.Context, sqldb.Querier) error { return fail }); !errors.Is(err, fail) {
			t.Errorf("got %v", err)
		}
	}
	write(t.Context(), nil) // of no trace
	ctx, cause := provider.Tracer("test").Start(t.Context(), "cause")
	write(ctx, nil)
	write(ctx, errs.New(errs.Conflict, "taken", "taken"))
	write(ctx, errs.New(errs.Unavailable, "down", "down"))
	var one int
	if err := db.Read().QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		t.Error(err)
	}
	ended := spans.Ended()
	if len(ended) != 3 {
		t.Fatalf("%d spans", len(ended))
	}
	for i, s := range ended {
		if s.Name() != "write example" || s.Parent().SpanID() != cause.SpanContext().SpanID() || (s.Status().Code == codes.Error) != (i == 2) {
			t.Errorf("got %+v", s)
		}
	}
	if n := testutil.CollectAndCount(reg, "db_client_operation_duration_seconds"); n != 2 {
		t.Errorf("%d series", n)
	}
	if n := testutil.CollectAndCount(reg, "go_sql_open_connections"); n != 2 {
		t.Errorf("%d pools", n)
	}
}
