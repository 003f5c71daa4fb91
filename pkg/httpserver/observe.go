package httpserver

import (
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/observe"
)

// AccessLog writes one line per request, with its route's template. Query strings,
// headers and bodies, which may hold secrets, are never logged.
func AccessLog(logger *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			info, r := withInfo(r)
			rec := record(w)
			begin := time.Now()
			defer func() {
				logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
					slog.String("http.request.method", method(r)),
					slog.String("http.route", info.name()),
					slog.Int("http.response.status_code", rec.final()),
					slog.Float64("duration_ms", float64(time.Since(begin).Microseconds())/1e3))
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

// Metrics counts and times requests in http_server_request_duration_seconds and
// http_server_active_requests. Observations of a sampled trace carry its id as an
// exemplar. Calling it twice with one registerer is fine; nil registers nowhere.
func Metrics(reg prometheus.Registerer) (func(http.Handler) http.Handler, error) {
	durations, err := observe.Register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_server_request_duration_seconds",
		Help:    "How long HTTP requests take.",
		Buckets: observe.DurationBuckets(),
	}, []string{"http_request_method", "http_route", "http_response_status_code"}))
	if err != nil {
		return nil, fmt.Errorf("httpserver: %w", err)
	}
	active, err := observe.Register(reg, prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "http_server_active_requests",
		Help: "HTTP requests that are being answered.",
	}))
	if err != nil {
		return nil, fmt.Errorf("httpserver: %w", err)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			info, r := withInfo(r)
			rec := record(w)
			begin := time.Now()
			active.Inc()
			defer func() {
				active.Dec()
				o := durations.WithLabelValues(method(r), info.name(), strconv.Itoa(rec.final()))
				observe.Seconds(r.Context(), o, time.Since(begin))
			}()
			next.ServeHTTP(rec, r)
		})
	}, nil
}

// method is the request's method; one that nobody knows is "_OTHER", so that
// strangers cannot make labels.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return r.Method
	}
	return "_OTHER"
}
