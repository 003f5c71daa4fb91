package gateway_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"gamestore.example/gateway"
)

func router(t *testing.T, routes ...gateway.Route) *gateway.Router {
	t.Helper()
	r, err := gateway.NewRouter(routes, func(gateway.Route) http.Handler { return http.NotFoundHandler() })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryRowIsFoundByItsOwnPath(t *testing.T) {
	routes := gateway.Routes()
	r := router(t, routes...)
	for _, want := range routes {
		path := want.Path
		for _, name := range []string{"{id}", "{gameId}", "{provider}"} {
			path = strings.ReplaceAll(path, name, "A-9_z")
		}
		got, _, ok := r.Match(want.Method, path)
		if !ok || got.Method != want.Method || got.Path != want.Path {
			t.Errorf("%s %s: got %s %s, %v", want.Method, path, got.Method, got.Path, ok)
		}
	}
}

func TestEveryRowHasItsLimits(t *testing.T) {
	for _, row := range gateway.Routes() {
		if row.MaxBody <= 0 || row.MaxBody > 1<<20 {
			t.Errorf("%s %s: the body may have %d bytes", row.Method, row.Path, row.MaxBody)
		}
		if (row.Timeout <= 0) != row.Stream {
			t.Errorf("%s %s: timeout %v, stream %v", row.Method, row.Path, row.Timeout, row.Stream)
		}
		if !slices.Contains(gateway.Upstreams(), row.Upstream) || !slices.Contains(gateway.Classes(), row.Class) {
			t.Errorf("%s %s: upstream %q, class %q", row.Method, row.Path, row.Upstream, row.Class)
		}
	}
}

func TestNoTwoRowsForOneOperation(t *testing.T) {
	row := gateway.Route{Method: "GET", Path: "/a/{id}"}
	twin := gateway.Route{Method: "GET", Path: "/a/{other}"}
	if _, err := gateway.NewRouter([]gateway.Route{row, twin}, func(gateway.Route) http.Handler { return nil }); err == nil {
		t.Error("two rows for the same requests were taken")
	}
}

// Every spelling that some other software might read as one of our paths must
// find nothing, or the very row it spells.
func TestPathTricksFindNothing(t *testing.T) {
	r := router(t, gateway.Routes()...)
	long := strings.Repeat("a", 65)
	for _, path := range []string{
		"", "/", "//", "*", "api/games", "/api", "/api/", "/api/games/", "//api/games", "/api//games", "/api/games//x",
		"/api/games/.", "/api/games/..", "/api/games/../users/me", "/api/./games", "/api/games/x/../y",
		"/api/games/%2e%2e", "/api/games/%2E%2E/users", "/api/games/..%2fusers%2fme", "/api/games/..%5cusers",
		"/api%2fgames", "/api/games%2fx", "/api/games/a%2fb", "/api/games/a%2Fpurchase", "/api/games/a%00", "/api/games/a%20b",
		"/api/g%61mes", "/api/games/%61", "/API/games", "/api/Games", "/api/games;x=1", "/api/games/a;b", "/api/games/a.b",
		"/api/games/" + long, "/api/games/é", "/api/games/a\\b", "/api/games/a+b", "/api/games/a~b", "/api/games/{id}",
		"/.well-known", "/.well-known/", "/.well-known/jwks.json/", "/.well-known/other", "/.well-known/jwks%2ejson",
		"/api/payments/webhooks", "/api/purchases//events", "/api/purchases/x/events/", "/api/users/other", "/api/users/ME",
		"/healthz", "/readyz", "/metrics", "/debug/pprof", "/openapi.json",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH"} {
			if route, allowed, ok := r.Match(method, path); ok || len(allowed) > 0 {
				t.Errorf("%s %q found %s %s (allowed %v)", method, path, route.Method, route.Path, allowed)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	r := router(t, gateway.Routes()...)
	for _, method := range []string{"get", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PURGE", "", "GET "} {
		if _, allowed, ok := r.Match(method, "/api/games/x"); ok || !slices.Equal(allowed, []string{"DELETE", "GET", "PUT"}) {
			t.Errorf("%q /api/games/x: ok %v, allowed %v", method, ok, allowed)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, seed := range []string{"/api/games/x", "/api/games/..%2fusers/me", "/.well-known/jwks.json", "//", ""} {
		f.Add("GET", seed)
	}
	r, err := gateway.NewRouter(gateway.Routes(), func(gateway.Route) http.Handler { return http.NotFoundHandler() })
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		route, _, ok := r.Match(method, path)
		if !ok {
			return
		}
		want, got := strings.Split(route.Path, "/"), strings.Split(path, "/")
		if route.Method != method || len(want) != len(got) {
			t.Fatalf("%s %q found %s %s", method, path, route.Method, route.Path)
		}
		for i := range want {
			if want[i] != got[i] && (!strings.HasPrefix(want[i], "{") || strings.ContainsAny(got[i], "%./\\;? ")) {
				t.Fatalf("%q found %s", path, route.Path)
			}
		}
	})
}
