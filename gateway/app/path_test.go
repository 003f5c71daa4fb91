package app_test

import (
	"net/http"
	"strings"
	"testing"

	"gamestore.example/gateway/app"
)

// Whatever another software might make of the path, no request reaches an
// upstream by another path than the one the table knows.
func TestPathTricksReachNothing(t *testing.T) {
	reached := make(chan string, 1)
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reached <- r.URL.EscapedPath() })
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, upstream, options{})
		for _, path := range []string{
			"//api/games", "/api//games", "/api/games/", "/api/games//", "/api/./games", "/api/games/../users/me", "/api/games/..",
			"/api/games/..%2fusers", "/api/games/%2e%2e", "/api/games/%2E%2E/users/me", "/api/games/a%2fpurchase", "/api/games/a%5cb",
			"/api%2fgames", "/api/g%61mes", "/api/games%00", "/api/games/x%0d%0aHost:y", "/API/GAMES", "/api/games;a=b", "/api/games/a;b",
			"/api/games.json", "/api/purchases/x/events/", "/.well-known/../api/games", "/%2e/api/games", "/api/games/" + strings.Repeat("x", 65),
			"/metrics/", "/healthz/../api/games", "/debug/pprof/", "/api", "http://other.example//api/games",
		} {
			wantProblem(t, g.raw("GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"), http.StatusNotFound, "no-such-route")
			select {
			case got := <-reached:
				t.Errorf("%q reached an upstream as %q", path, got)
			default:
			}
		}
		if a := g.do("GET", "/api/games/A-b_9", ""); a.status != http.StatusOK || <-reached != "/api/games/A-b_9" {
			t.Errorf("the good path does not pass: %d", a.status)
		}
	})
}

func TestMethodsOfKnownPaths(t *testing.T) {
	g := start(t, local, http.HandlerFunc(echo), options{})
	for _, tc := range []struct{ method, path, allow string }{
		{"POST", "/api/games/x", "DELETE, GET, PUT"},
		{"HEAD", "/api/categories", "GET"},
		{"OPTIONS", "/api/games", "GET, POST"},
		{"TRACE", "/api/users/me", "DELETE, GET, PATCH"},
		{"GET", "/api/auth/login", "POST"},
		{"POST", "/", "GET, HEAD"},
		{"DELETE", "/healthz", "GET, HEAD"},
		{"POST", "/openapi.json", "GET, HEAD"},
	} {
		a := g.do(tc.method, tc.path, "")
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != tc.allow {
			t.Errorf("%s %s: %d, Allow %q, want %q", tc.method, tc.path, a.status, a.header.Get("Allow"), tc.allow)
		}
		if tc.method != "HEAD" {
			wantProblem(t, a, http.StatusMethodNotAllowed, "method-not-allowed")
		}
	}
}

func TestQueriesThatSoftwareDisagreesAbout(t *testing.T) {
	g := start(t, local, http.HandlerFunc(echo), options{})
	for query, want := range map[string]string{"q=a;b=c": "", "q=%zz": "", "q=%": "", "q=a%20b&limit=1": "q=a%20b&limit=1", "": ""} {
		a := g.raw("GET /api/games?" + query + " HTTP/1.1\r\nHost: x\r\n\r\n")
		if want == "" && query != "" {
			wantProblem(t, a, http.StatusBadRequest, "invalid-query")
			continue
		}
		if got := a.arrived(t).Query; got != want {
			t.Errorf("%q arrived as %q", query, got)
		}
	}
}

func TestTheGatewaysOwnPages(t *testing.T) {
	g := start(t, local, http.NotFoundHandler(), options{})
	for path, want := range map[string]string{
		"/":             `href="/docs"`,
		"/docs":         "<html",
		"/openapi.json": `"openapi"`,
		"/healthz":      `"ok"`,
		"/readyz":       `"ready"`,
		"/metrics":      "http_server_active_requests", // the others begin with the end of the first request
	} {
		a := g.do("GET", path, "")
		if a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d, no %q in %.200s", path, a.status, want, a.body)
		}
		if a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s lacks the security headers", path)
		}
	}
	if a := g.do("GET", "/docs/", ""); a.status != http.StatusNotFound {
		t.Errorf("/docs/: %d", a.status)
	}
}

func TestRequestIDs(t *testing.T) {
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, http.HandlerFunc(echo), options{})
		for _, id := range []string{"my-id.1", "", strings.Repeat("x", 200), "a b", "é"} {
			a := g.do("GET", "/api/games/x", "", "X-Request-Id", id)
			echoed, sent := a.header["X-Request-Id"], a.arrived(t).Header["X-Request-Id"]
			if len(echoed) != 1 || len(sent) != 1 || echoed[0] != sent[0] || (echoed[0] == id) != (id == "my-id.1") {
				t.Errorf("%.20q: echoed %q, sent %q", id, echoed, sent)
			}
		}
	})
}

func TestCORS(t *testing.T) {
	const shop = "https://shop.example"
	preflight := []string{"Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "authorization,if-match"}
	for _, tc := range []struct {
		name, origins, method, path, origin string
		headers                             []string
		status                              int
		allowOrigin, allowMethods           string
	}{
		{"preflight", shop, "OPTIONS", "/api/games/x", shop, preflight, 204, shop, "PUT"},
		{"preflight for any origin", "*", "OPTIONS", "/api/games/x", "https://a.example", preflight, 204, "*", "PUT"},
		{"preflight of a stranger", shop, "OPTIONS", "/api/games/x", "https://evil.example", preflight, 405, "", ""},
		{"preflight of a longer name", shop, "OPTIONS", "/api/games/x", shop + ".evil.example", preflight, 405, "", ""},
		{"preflight of another scheme", shop, "OPTIONS", "/api/games/x", "http://shop.example", preflight, 405, "", ""},
		{"preflight from a sandbox", shop, "OPTIONS", "/api/games/x", "null", preflight, 405, "", ""},
		{"preflight for no route", shop, "OPTIONS", "/api/nothing", shop, preflight, 404, shop, ""},
		{"preflight for another method", shop, "OPTIONS", "/api/categories", shop, preflight, 405, shop, ""},
		{"no preflight", shop, "OPTIONS", "/api/games/x", shop, nil, 405, shop, ""},
		{"request", shop, "GET", "/api/games/x", shop, nil, 200, shop, ""},
		{"request of a stranger", shop, "GET", "/api/games/x", "https://evil.example", nil, 200, "", ""},
		{"request without origin", shop, "GET", "/api/games/x", "", nil, 200, "", ""},
		{"an error", shop, "GET", "/api/users/me", shop, nil, 401, shop, ""},
		{"second of two", "https://a.example, " + shop, "GET", "/api/games/x", shop, nil, 200, shop, ""},
		{"off", "", "OPTIONS", "/api/games/x", shop, preflight, 405, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := start(t, local, http.HandlerFunc(echo), options{cfg: func(c *app.Config) { c.CORSOrigins = tc.origins }})
			headers := tc.headers
			if tc.origin != "" {
				headers = append([]string{"Origin", tc.origin}, headers...)
			}
			a := g.do(tc.method, tc.path, "", headers...)
			if a.status != tc.status || a.header.Get("Access-Control-Allow-Origin") != tc.allowOrigin || a.header.Get("Access-Control-Allow-Methods") != tc.allowMethods {
				t.Errorf("%d %v", a.status, a.header)
			}
			if a.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("credentials are allowed")
			}
			if vary := strings.Contains(strings.Join(a.header["Vary"], ","), "Origin"); vary != (tc.origins == shop || strings.Contains(tc.origins, ",")) {
				t.Errorf("Vary = %q", a.header["Vary"])
			}
			if tc.status == http.StatusNoContent && (a.body != "" || !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "Idempotency-Key")) {
				t.Errorf("preflight: %q %v", a.body, a.header)
			}
		})
	}
}
