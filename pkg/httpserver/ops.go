package httpserver

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gamestore.example/pkg/errs"
)

// readyTimeout bounds the readiness check.
const readyTimeout = 2 * time.Second

// ErrNotReady says that the process cannot serve now.
var ErrNotReady = errs.New(errs.Unavailable, "not-ready", "not ready").WithRetryAfter(time.Second)

// Ops serves the operators' endpoints: /healthz says that the process lives, /readyz
// what ready says (nil is always ready), /metrics what the gatherer has. They
// answer without authentication; keep them off the public address or proxy.
func Ops(gatherer prometheus.Gatherer, ready func(ctx context.Context) error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { writeStatus(w, r, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if draining(r.Context()) || ready != nil && ready(ctx) != nil {
			WriteError(r.Context(), w, ErrNotReady)
			return
		}
		writeStatus(w, r, "ready")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{EnableOpenMetrics: true, Timeout: 10 * time.Second}))
	mux.Handle("/", NotFound())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, r = withInfo(r)
		switch r.URL.Path {
		case "/healthz", "/readyz", "/metrics":
			SetRoute(r.Context(), r.URL.Path)
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				w.Header().Set("Allow", "GET, HEAD")
				WriteError(r.Context(), w, ErrMethodNotAllowed)
				return
			}
		}
		mux.ServeHTTP(w, r)
	})
}

func writeStatus(w http.ResponseWriter, r *http.Request, status string) {
	w.Header().Set("Cache-Control", "no-store")
	_ = WriteJSON(r.Context(), w, http.StatusOK, map[string]string{"status": status})
}

func draining(ctx context.Context) bool {
	select {
	case <-Draining(ctx):
		return true
	default:
		return false
	}
}
