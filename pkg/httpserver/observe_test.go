package httpserver_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/observe"
)

// games is a router as the services have one.
func games() *mux.Router {
	router := mux.NewRouter()
	router.Use(httpserver.RecordRoute)
	httpserver.HandleUnmatched(router)
	api := router.PathPrefix("/api").Subrouter()
	ok := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+mux.Vars(r)["id"])
	}
	api.HandleFunc("/games/{id}", ok).Methods(http.MethodGet)
	api.HandleFunc("/games/{id}", ok).Methods(http.MethodPut, http.MethodDelete)
	api.HandleFunc("/games/{id}/purchase", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
	}).Methods(http.MethodPost)
	api.HandleFunc("/bug", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
	})
	return router
}

func TestTheAccessLogNamesRoutesAndHidesTheRest(t *testing.T) {
	for _, tc := range []struct {
		method, target string
		wantMethod     string
		route          string
		status         int
	}{
		{"GET", "/api/games/42?token=canary", "GET", "/api/games/{id}", 200},
		{"POST", "/api/games/42/purchase", "POST", "/api/games/{id}/purchase", 202},
		{"GET", "/canary", "GET", "unmatched", 404},
		{"POST", "/api/games/canary", "POST", "unmatched", 405},
		{"CANARY", "/api/games/42", "_OTHER", "unmatched", 405},
		{"HEAD", "/api/games/42", "HEAD", "/api/games/{id}", 200},
	} {
		t.Run(tc.method+" "+tc.target, func(t *testing.T) {
			var out bytes.Buffer
			h := wrap(games(), httpserver.RequestID, httpserver.AccessLog(observe.NewLogger(&out, slog.LevelInfo, "json")))
			r := httptest.NewRequest(tc.method, tc.target, strings.NewReader("canary"))
			r.Header.Set("Authorization", "Bearer canary")
			r.Header.Set("User-Agent", "canary\r\nforged=1")
			r.Header.Set("X-Request-Id", "r1")
			answerTo(h, r)
			if strings.Contains(strings.ToLower(out.String()), "canary") {
				t.Errorf("the log tells a secret: %s", &out)
			}
			var line map[string]any
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatalf("%v: %s", err, &out)
			}
			if _, ok := line["duration_ms"].(float64); !ok {
				t.Error("no duration_ms")
			}
			for _, k := range []string{"time", "level", "msg", "duration_ms"} {
				delete(line, k)
			}
			want := map[string]any{
				"http.request.method": tc.wantMethod, "http.route": tc.route,
				"http.response.status_code": float64(tc.status), "request_id": "r1",
			}
			if diff := cmp.Diff(want, line); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// requests returns how many requests were counted, by their labels.
func requests(t *testing.T, g prometheus.Gatherer) map[string]uint64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]uint64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if f.GetName() == "http_server_request_duration_seconds" {
				key := labels["http_request_method"] + " " + labels["http_route"] + " " + labels["http_response_status_code"]
				out[key] = m.GetHistogram().GetSampleCount()
			} else {
				out[f.GetName()] = uint64(m.GetGauge().GetValue())
			}
		}
	}
	return out
}

func TestMetricsHaveNoIDsInTheirLabels(t *testing.T) {
	reg := prometheus.NewRegistry()
	var during uint64
	for range 2 { // two servers of one process may share a registry
		metrics, err := httpserver.Metrics(reg)
		if err != nil {
			t.Fatal(err)
		}
		router := games()
		router.HandleFunc("/during", func(http.ResponseWriter, *http.Request) {
			during = requests(t, reg)["http_server_active_requests"]
		})
		h := wrap(router, metrics, httpserver.Recover(slog.New(slog.DiscardHandler)))
		for _, target := range []string{"/api/games/1", "/api/games/2", "/nowhere/1", "/nowhere/2", "/during"} {
			answerTo(h, httptest.NewRequest(http.MethodGet, target, nil))
		}
		answerTo(h, httptest.NewRequest("INVENTED", "/api/games/1", nil))
	}
	want := map[string]uint64{
		"GET /api/games/{id} 200": 4, "GET unmatched 404": 4, "_OTHER unmatched 405": 2, "GET /during 200": 2,
		"http_server_active_requests": 0,
	}
	if diff := cmp.Diff(want, requests(t, reg)); diff != "" {
		t.Error(diff)
	}
	if during != 1 {
		t.Errorf("%d active requests during one", during)
	}
}

func TestTracingContinuesTheClientsTrace(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test")
	h := wrap(games(), httpserver.Tracing(tracer))
	r := httptest.NewRequest(http.MethodGet, "/api/games/42", nil)
	r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	answerTo(h, r)
	answerTo(h, httptest.NewRequest(http.MethodGet, "/api/bug", nil))
	answerTo(h, httptest.NewRequest(http.MethodGet, "/nowhere", nil))
	spans := recorder.Ended()
	if len(spans) != 3 {
		t.Fatalf("%d spans, want 3", len(spans))
	}
	if got := spans[0]; got.Name() != "GET /api/games/{id}" || got.SpanContext().TraceID().String() != "0af7651916cd43dd8448eb211c80319c" ||
		got.Parent().SpanID().String() != "b7ad6b7169203331" || got.Status().Code == codes.Error {
		t.Errorf("got %+v", got)
	}
	if spans[1].Status().Code != codes.Error || spans[2].Status().Code == codes.Error {
		t.Errorf("status of a bug %v, of a 404 %v", spans[1].Status(), spans[2].Status())
	}
}

func TestWhatNoRouteTakesIsAProblemDocument(t *testing.T) {
	for _, tc := range []struct {
		method, path string
		status       int
		allow, code  string
	}{
		{"GET", "/", 404, "", "no-such-route"},
		{"GET", "/api/games/1/nothing", 404, "", "no-such-route"},
		{"OPTIONS", "/nothing", 404, "", "no-such-route"},
		{"POST", "/api/games/1", 405, "GET, HEAD, PUT, DELETE, OPTIONS", "method-not-allowed"},
		{"GET", "/api/games/1/purchase", 405, "POST, OPTIONS", "method-not-allowed"},
		{"HEAD", "/api/games/1/purchase", 405, "POST, OPTIONS", "method-not-allowed"},
		{"INVENTED", "/api/games/1/purchase", 405, "POST, OPTIONS", "method-not-allowed"},
		{"OPTIONS", "/api/games/1", 204, "GET, HEAD, PUT, DELETE, OPTIONS", ""},
		{"HEAD", "/api/games/1", 200, "", ""},
		{"PUT", "/api/games/1", 200, "", ""},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			resp := answerTo(games(), httptest.NewRequest(tc.method, tc.path, nil))
			if resp.StatusCode != tc.status || resp.Header.Get("Allow") != tc.allow {
				t.Fatalf("%d, Allow %q", resp.StatusCode, resp.Header.Get("Allow"))
			}
			if tc.code == "" {
				return
			}
			if m := members(t, resp); m["code"] != tc.code || m["instance"] != tc.path {
				t.Errorf("got %v", m)
			}
		})
	}
}

func TestHEADHasTheHeadersOfGETAndNoBody(t *testing.T) {
	srv := httptest.NewServer(games())
	defer srv.Close()
	resp, err := srv.Client().Head(srv.URL + "/api/games/42")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || len(body) > 0 || resp.StatusCode != 200 || resp.ContentLength != int64(len("GET 42")) {
		t.Errorf("%d, %d bytes of %d: %v", resp.StatusCode, len(body), resp.ContentLength, err)
	}
}
