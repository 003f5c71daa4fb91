package security_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"gamestore.example/gateway"
	"gamestore.example/pkg/contract"
	"gamestore.example/pkg/rpc"
)

// sane fails if what came of any request is a failure of the store, or no answer that
// a client could read.
func sane(t *testing.T, status int, contentType string, body []byte) {
	t.Helper()
	if status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", status, body)
	}
	if status < http.StatusBadRequest {
		return
	}
	var problem struct {
		Code   string
		Status int
	}
	if err := json.Unmarshal(body, &problem); err != nil || problem.Code == "" || problem.Status != status || contentType != contract.ProblemContentType {
		t.Errorf("%d %s is no problem document: %s", status, contentType, body)
	}
}

// fuzzed is a store to send anything to, and what an admin is known by.
func fuzzed(f *testing.F) (*house, scene) {
	f.Helper()
	h := open(f, setup{quiet: true})
	return h, h.scene()
}

// FuzzRequest sends bodies, queries and headers to each route, through the gateway to the
// store and back.
func FuzzRequest(f *testing.F) {
	h, s := fuzzed(f)
	rows, routes := matrix(), gateway.Routes()
	for i, route := range routes {
		r := rows[route.Method+" "+route.Path]
		body := ""
		if r.body != nil {
			body = r.body(s)
		}
		f.Add(uint8(i), s.game, "q=lantern&sort=relevance&limit=3&cursor=MS4x&purchase=x&wait=0&status=pending", []byte(body), "application/json", `"1"`, "a-key") //nolint:gosec // few routes
	}
	f.Fuzz(func(t *testing.T, n uint8, id, query string, body []byte, contentType, tag, key string) {
		route := routes[int(n)%len(routes)]
		if route.Stream || route.Path == "/api/users/me" && route.Method == http.MethodDelete {
			return // it does not end, or ends the one who asks
		}
		r := httptest.NewRequestWithContext(t.Context(), route.Method, "/", bytes.NewReader(body))
		r.URL = &url.URL{Path: path(route.Path, id), RawQuery: query}
		r.Header = http.Header{
			"Authorization": {"Bearer " + s.admin}, "Content-Type": {contentType}, "If-Match": {tag}, "If-None-Match": {tag},
			"Idempotency-Key": {key}, "X-Request-Id": {key}, "X-Simulated-Signature": {tag}, "Content-Encoding": {key}, "Traceparent": {key},
		}
		if len(key)%2 == 0 {
			r.Header.Del("Content-Encoding")
		}
		w := httptest.NewRecorder()
		h.doors["near"].ServeHTTP(w, r)
		sane(t, w.Code, w.Header().Get("Content-Type"), w.Body.Bytes())
	})
}

// path puts an id into a template.
func path(template, id string) string {
	for i := range template {
		if template[i] == '{' {
			end := i + bytes.IndexByte([]byte(template[i:]), '}')
			return template[:i] + id + template[end+1:]
		}
	}
	return template
}

// FuzzOperation sends bodies and headers to each operation over the broker.
func FuzzOperation(f *testing.F) {
	h, s := fuzzed(f)
	all := operations(s)
	names := slices.Sorted(maps.Keys(all))
	for i, name := range names {
		f.Add(uint8(i), []byte(all[name].body), "if-match", `"1"`, "a-key") //nolint:gosec // few operations
	}
	f.Fuzz(func(t *testing.T, n uint8, body []byte, header, value, key string) {
		name := names[int(n)%len(names)]
		if name == "users.DeleteAccount" || bytes.Contains(bytes.ToLower(body), []byte("waitmillis")) {
			return
		}
		a := h.rpc[all[name].service].Serve(t.Context(), rpc.Request{Operation: name, Body: body, Headers: map[string]string{
			rpc.HeaderAuthorization: "Bearer " + s.admin, header: value, rpc.HeaderIdempotencyKey: key, "traceparent": value, rpc.HeaderRequestID: key,
		}})
		sane(t, a.Status, a.ContentType, a.Body)
	})
}
