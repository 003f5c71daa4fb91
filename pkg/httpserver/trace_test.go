package httpserver_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"gamestore.example/pkg/httpserver"
)

const clientsTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestStrangersBringATraceAndNothingElse(t *testing.T) {
	for name, tc := range map[string]struct {
		headers http.Header
		taken   bool
	}{
		"W3C":             {http.Header{"Traceparent": {clientsTrace}}, true},
		"B3":              {http.Header{"B3": {"0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"}}, true},
		"twice":           {http.Header{"Traceparent": {clientsTrace, clientsTrace}}, false},
		"baggage":         {http.Header{"Traceparent": {clientsTrace}, "Baggage": {"a=b"}}, true},
		"a long state":    {http.Header{"Traceparent": {clientsTrace}, "Tracestate": {"a=" + strings.Repeat("b", 200) + ",c=" + strings.Repeat("d", 200) + ",e=" + strings.Repeat("f", 200)}}, true},
		"not a trace":     {http.Header{"Traceparent": {"00-x"}, "B3": {"x"}}, false},
		"an endless name": {http.Header{"B3": {strings.Repeat("a", 600)}}, false},
	} {
		h := httpserver.PublicTracing(noop.NewTracerProvider().Tracer(""))(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			sc := trace.SpanContextFromContext(r.Context())
			if sc.IsValid() != tc.taken || sc.TraceState().Len() > 0 || baggage.FromContext(r.Context()).Len() > 0 {
				t.Errorf("%s: %+v", name, sc)
			}
		}))
		r := httptest.NewRequest(http.MethodGet, "/api/games/42", nil)
		r.Header = tc.headers
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}

func TestOperatorsMakeNoSpans(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	h := httpserver.Tracing(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test"))(http.NotFoundHandler())
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	if n := len(spans.Started()); n != 0 {
		t.Errorf("%d spans", n)
	}
}

func TestCallsAreTimedAndTraced(t *testing.T) {
	spans, reg := tracetest.NewSpanRecorder(), prometheus.NewRegistry()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	calls, err := httpserver.NewCalls(reg, tracer)
	if err != nil {
		t.Fatal(err)
	}
	status := 0
	var got http.Header
	h := httpserver.Tracing(tracer)(calls.To("games")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.WriteHeader(status)
	})))
	for _, status = range []int{200, 404} {
		r := httptest.NewRequest(http.MethodGet, "/api/games/42", nil)
		r.Header = http.Header{"Traceparent": {clientsTrace}, "X-B3-Traceid": {"1"}, "Other": {"stays"}}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if r.Header.Get("Traceparent") != clientsTrace {
			t.Error("the client's own headers were changed")
		}
	}
	ended := spans.Ended() // the call before its request, twice
	call, server := ended[2], ended[3]
	if call.SpanKind() != trace.SpanKindClient || call.Parent().SpanID() != server.SpanContext().SpanID() || call.Status().Code != codes.Error || server.Status().Code == codes.Error {
		t.Errorf("the call is %+v in %+v", call, server)
	}
	if id := call.SpanContext().SpanID().String(); !strings.Contains(got.Get("Traceparent"), id) || !strings.Contains(got.Get("B3"), id) || got.Get("X-B3-Traceid") != "" || got.Get("Other") != "stays" {
		t.Errorf("sent on: %v", got)
	}
	if n := testutil.CollectAndCount(reg, "http_client_request_duration_seconds"); n != 2 {
		t.Errorf("%d series", n)
	}
}
