package httpserver_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/observe"
)

// blank is a ResponseWriter that costs nothing.
type blank struct{ h http.Header }

func (b blank) Header() http.Header         { return b.h }
func (b blank) Write(p []byte) (int, error) { return len(p), nil }
func (b blank) WriteHeader(int)             {}

// BenchmarkMiddlewares is what everything around a handler costs.
func BenchmarkMiddlewares(b *testing.B) {
	metrics, err := httpserver.Metrics(prometheus.NewRegistry())
	if err != nil {
		b.Fatal(err)
	}
	logger := observe.NewLogger(io.Discard, slog.LevelInfo, "json")
	h := wrap(games(), httpserver.RequestID, httpserver.AccessLog(logger), metrics, httpserver.Recover(logger), httpserver.SecurityHeaders)
	for name, h := range map[string]http.Handler{"bare": games(), "wrapped": h} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/api/games/42", nil)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(blank{http.Header{}}, r)
			}
		})
	}
}

func BenchmarkDecodeJSON(b *testing.B) {
	const body = `{"name":"a","count":2,"price":{"amount":1999,"currency":"BRL"},"tags":["x","y"]}`
	r := post(body)
	b.ReportAllocs()
	for b.Loop() {
		r.Body = io.NopCloser(strings.NewReader(body))
		if _, err := httpserver.DecodeJSON[order](r); err != nil {
			b.Fatal(err)
		}
	}
}
