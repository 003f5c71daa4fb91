package httpserver_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/observe"
)

func TestOps(t *testing.T) {
	ready := func(context.Context) error { return nil }
	broken := func(context.Context) error { return errors.New("db: dsn=secret") }
	for _, tc := range []struct {
		name, method, path string
		ready              func(context.Context) error
		status             int
		says               string
	}{
		{"alive", "GET", "/healthz", broken, 200, `"ok"`},
		{"ready", "GET", "/readyz", ready, 200, `"ready"`},
		{"nothing to be ready for", "GET", "/readyz", nil, 200, `"ready"`},
		{"not ready", "GET", "/readyz", broken, 503, `"not-ready"`},
		{"metrics", "GET", "/metrics", nil, 200, `gamestore_build_info{revision="r",version="v"} 1`},
		{"HEAD", "HEAD", "/healthz", nil, 200, ""},
		{"POST", "POST", "/metrics", nil, 405, "method-not-allowed"},
		{"nothing", "GET", "/debug", nil, 404, "no-such-route"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := httpserver.Ops(observe.NewRegistry("v", "r"), tc.ready)
			resp := answerTo(h, httptest.NewRequest(tc.method, tc.path, nil))
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tc.status || !strings.Contains(string(body), tc.says) || strings.Contains(string(body), "secret") {
				t.Errorf("%d %s", resp.StatusCode, body)
			}
			if allow := resp.Header.Get("Allow"); (tc.status == 405) != (allow == "GET, HEAD") {
				t.Errorf("Allow %q", allow)
			}
		})
	}
}

func TestMetricsCanCarryExemplars(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	resp := answerTo(httpserver.Ops(observe.NewRegistry("v", "r"), nil), r)
	if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/openmetrics-text") {
		t.Errorf("media type %q", got)
	}
}
