package app_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gamestore.example/gateway"
	"gamestore.example/gateway/app"
	"gamestore.example/pkg/observe"
)

// benchClients is how many clients wait for an answer at once.
const benchClients = 64

// trivial is an upstream that costs next to nothing.
func trivial(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "2")
	_, _ = io.WriteString(w, "{}")
}

// full turns everything on that costs time: the log and the metrics. The rate
// limits are off, because one machine makes all requests.
func full(cfg app.Config, d app.Deps) options {
	d.Logger = observe.NewLogger(io.Discard, slog.LevelInfo, "json")
	d.Registry = observe.NewRegistry("bench", "bench")
	return options{
		cfg:  func(c *app.Config) { *c = cfg; unlimited(c) },
		deps: func(deps *app.Deps) { d.Keys = deps.Keys; *deps = d },
	}
}

// BenchmarkInProcess compares a request through the gateway to a handler of the
// same process with a call of that handler.
func BenchmarkInProcess(b *testing.B) {
	services := map[string]http.Handler{}
	for _, name := range gateway.Upstreams() {
		services[name] = http.HandlerFunc(trivial)
	}
	g := startWith(b, app.Defaults(), app.Deps{}, full(app.Defaults(), app.Deps{Upstreams: services}))
	token := "Bearer " + g.token("bench")
	through := func(h http.Handler) func() {
		return func() {
			req := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/api/me/library?limit=20", nil)
			req.Header["Authorization"] = []string{token}
			req.Header["Accept"] = []string{"application/json"}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, req)
			if w.Code != http.StatusOK {
				b.Error(w.Code, w.Body)
			}
		}
	}
	compare(b, []variant{
		{"direct", through(http.HandlerFunc(trivial))},
		{"gateway", through(g.handler)},
	})
}

// BenchmarkOverHTTP compares a request through the gateway to an upstream on the
// same machine with the upstream alone, and with the proxy that the standard
// library gives without tuning and without any of the gateway's work.
func BenchmarkOverHTTP(b *testing.B) {
	upstream := httptest.NewServer(http.HandlerFunc(trivial))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		b.Fatal(err)
	}
	naive := httptest.NewServer(httputil.NewSingleHostReverseProxy(target))
	defer naive.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	cfg := app.Defaults()
	cfg.Users, cfg.Games, cfg.Payments = upstream.URL, upstream.URL, upstream.URL
	g := startWith(b, cfg, app.Deps{}, full(cfg, app.Deps{}))
	token := "Bearer " + g.token("bench")
	transport := &http.Transport{MaxIdleConnsPerHost: benchClients, DisableCompression: true}
	defer transport.CloseIdleConnections()
	through := func(base string) func() {
		return func() {
			req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, base+"/api/me/library?limit=20", nil)
			if err != nil {
				b.Error(err)
				return
			}
			req.Header["Authorization"] = []string{token}
			resp, err := transport.RoundTrip(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				b.Error(resp.StatusCode)
			}
		}
	}
	compare(b, []variant{
		{"direct", through(upstream.URL)},
		{"naive", through(naive.URL)},
		{"gateway", through(g.url)},
	})
}

type variant struct {
	name    string
	request func()
}

// compare runs b.N requests through each variant, in alternating rounds, so that
// whatever else the machine does hits them alike. It reports each variant's time
// per request and its throughput as a multiple of the first one's.
func compare(b *testing.B, variants []variant) {
	const round = 2000
	took := make([]time.Duration, len(variants))
	for _, v := range variants {
		requests(min(b.N, round), v.request) // warm up
	}
	b.ResetTimer()
	for left := b.N; left > 0; left -= round {
		for i, v := range variants {
			began := time.Now()
			requests(min(left, round), v.request)
			took[i] += time.Since(began)
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, v := range variants {
		b.ReportMetric(float64(took[i].Nanoseconds())/float64(b.N), v.name+"-ns/op")
		if i > 0 {
			b.ReportMetric(float64(took[0])/float64(took[i]), v.name+"/direct")
		}
	}
	if len(variants) > 2 {
		b.ReportMetric(float64(took[1])/float64(took[2]), "gateway/naive")
	}
}

// requests makes n requests by the clients together.
func requests(n int, request func()) {
	var left atomic.Int64
	left.Store(int64(n))
	var clients sync.WaitGroup
	for range min(n, benchClients) {
		clients.Go(func() {
			for left.Add(-1) >= 0 {
				request()
			}
		})
	}
	clients.Wait()
}
