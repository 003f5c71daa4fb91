package app

import (
	"net/http"

	"gamestore.example/pkg/httpserver"
)

// maxBody bounds the bodies that a process of its own reads, in bytes.
const maxBody = 64 << 10

// Standalone serves what a process of its own serves: the Handler, the operators'
// endpoints, and around them request ids, the access log, metrics and limits.
func (a *App) Standalone() (http.Handler, error) {
	metrics, err := httpserver.Metrics(a.metrics)
	if err != nil {
		return nil, err
	}
	ops := httpserver.Ops(a.deps.Registry, a.Ready)
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz", "/readyz", "/metrics":
			ops.ServeHTTP(w, r)
		default:
			a.handler.ServeHTTP(w, r)
		}
	})
	// The last is the outermost. The log and the metrics stand outside of Recover, so
	// that they see the answer to a panic.
	for _, wrap := range []func(http.Handler) http.Handler{
		httpserver.LimitBody(maxBody),
		httpserver.SecurityHeaders,
		httpserver.Recover(a.deps.Logger),
		metrics,
		httpserver.AccessLog(a.deps.Logger),
		httpserver.Tracing(a.deps.Tracer.Tracer("gamestore.example/games")),
		httpserver.RequestID,
	} {
		h = wrap(h)
	}
	return h, nil
}
