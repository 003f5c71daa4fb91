package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gamestore.example/gateway/app"
)

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// What a client may not say must not arrive, however it is spelled; what it may
// say must arrive unchanged.
func TestHeadersThatPassAndThatDoNot(t *testing.T) {
	gone := []string{
		"X-User-Id: 1", "x-user-id: 1", "X-USER-ROLES: admin", "x-UsEr-nAmE: root",
		"X_User_Id: 1", "x_user-id: 1", "X-User_Id: 1", "X-Forwarded_For: 10.0.0.1", "A_b: 1",
		"X-Internal-Auth: 1", "x-internal-anything: 1",
		"Forwarded: for=10.0.0.1", "X-Real-Ip: 10.0.0.1", "True-Client-Ip: 10.0.0.1", "Cf-Connecting-Ip: 10.0.0.1",
		"X-Forwarded-Port: 1", "X-Forwarded-User: root", "X-Forwarded-Prefix: /x",
		"X-Original-Url: /api/users/me", "X-Rewrite-Url: /api/users/me", "X-Http-Method-Override: DELETE",
		"Cookie: session=1", "Baggage: userId=alice", "Te: trailers", "Trailer: X", "Keep-Alive: timeout=1",
		"Proxy-Authorization: Basic x", "Proxy-Connection: keep-alive", "Upgrade: websocket\r\nConnection: upgrade",
		"X-Secret: hop\r\nConnection: close, X-Secret",
		"Expect: 100-continue",
	}
	pass := map[string]string{
		"Accept": "application/json", "Accept-Language": "pt-BR", "Accept-Encoding": "br", "If-None-Match": `"1"`, "If-Match": `"2"`,
		"Idempotency-Key": "k", "Last-Event-Id": "7", "Traceparent": parent, "Tracestate": "a=b", "User-Agent": "test/1",
		"Stripe-Signature": "t=1,v1=x", "Authorization": "Bearer abc",
	}
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, http.HandlerFunc(echo), options{})
		for _, lines := range gone {
			a := g.raw("GET /api/games/x HTTP/1.1\r\nHost: shop.example\r\nX-Request-Id: r-1\r\n" + lines + "\r\n\r\n")
			got := a.arrived(t)
			for name := range got.Header {
				switch name {
				case "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-Id", "Accept-Encoding":
				default:
					t.Errorf("%q: %s arrived: %v", lines, name, got.Header[name])
				}
			}
		}
		var request strings.Builder
		for name, value := range pass {
			request.WriteString(name + ": " + value + "\r\n")
		}
		got := g.raw("GET /api/games/x HTTP/1.1\r\nHost: shop.example\r\n" + request.String() + "\r\n").arrived(t)
		for name, value := range pass {
			if got.Header.Get(name) != value || len(got.Header[name]) != 1 {
				t.Errorf("%s arrived as %q, want %q", name, got.Header[name], value)
			}
		}
	})
}

// net/http makes names canonical when it reads them; nothing here relies on it.
func TestOddSpellingsInProcess(t *testing.T) {
	g := start(t, local, http.HandlerFunc(echo), options{})
	req := httptest.NewRequest("GET", "/api/games/x", nil)
	for _, name := range []string{"x-user-id", "X-USER-ID", "x-internal-auth", "COOKIE", "forwarded", "baggage"} {
		req.Header[name] = []string{"1"}
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, req)
	for name := range (answer{body: w.Body.String()}).arrived(t).Header {
		switch name {
		case "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-Id":
		default:
			t.Errorf("%s arrived", name)
		}
	}
}

func TestTheGatewaySpeaksForItself(t *testing.T) {
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, http.HandlerFunc(echo), options{})
		got := g.raw("GET http://evil.example/api/games/x?q=a%20b HTTP/1.1\r\nHost: shop.example\r\n" +
			"X-Forwarded-For: 10.1.1.1\r\nX-Forwarded-For: 10.1.1.2\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n\r\n").arrived(t)
		for name, want := range map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"} {
			if v := got.Header[name]; len(v) != 1 || v[0] != want {
				t.Errorf("%s = %q, want %q", name, v, want)
			}
		}
		if got.Path != "/api/games/x" || got.Query != "q=a%20b" || strings.Contains(got.Host, "example") {
			t.Errorf("arrived at %q as %q?%q", got.Host, got.Path, got.Query)
		}
		if id := got.Header["X-Request-Id"]; len(id) != 1 || len(id[0]) != 36 {
			t.Errorf("request id = %q", id)
		}
	})
}

func TestTheClientBehindATrustedProxy(t *testing.T) {
	for _, tc := range []struct{ name, trusted, forwarded, want string }{
		{"nobody is trusted", "", "192.0.2.1", "127.0.0.1"},
		{"another network is trusted", "10.0.0.0/8", "192.0.2.1", "127.0.0.1"},
		{"the peer is trusted", "127.0.0.1", "192.0.2.1", "192.0.2.1"},
		{"the last hop that is not trusted", "127.0.0.0/8, 10.0.0.0/8", "198.51.100.9, 192.0.2.1, 10.0.0.7", "192.0.2.1"},
		{"forged hops before it", "127.0.0.1", "203.0.113.5, 192.0.2.1", "192.0.2.1"},
		{"with a port, IPv6", "127.0.0.1", "[2001:db8::1]:443", "2001:db8::1"},
		{"mapped IPv4", "127.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"},
		{"rubbish", "127.0.0.1", "192.0.2.1, unknown", "127.0.0.1"},
		{"empty", "127.0.0.1", "", "127.0.0.1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := start(t, local, http.HandlerFunc(echo), options{cfg: func(c *app.Config) { c.TrustedProxies = tc.trusted }})
			got := g.do("GET", "/api/games/x", "", "X-Forwarded-For", tc.forwarded, "X-Forwarded-Proto", "https").arrived(t)
			if v := got.Header["X-Forwarded-For"]; len(v) != 1 || v[0] != tc.want {
				t.Errorf("X-Forwarded-For = %q, want %q", v, tc.want)
			}
			if !strings.Contains(got.Remote, tc.want) {
				t.Errorf("the peer in process is %q, want %q", got.Remote, tc.want)
			}
			wantProto := "http"
			if strings.Contains(tc.trusted, "127.") {
				wantProto = "https"
			}
			if proto := got.Header.Get("X-Forwarded-Proto"); proto != wantProto {
				t.Errorf("X-Forwarded-Proto = %q, want %q", proto, wantProto)
			}
		})
	}
}

func TestTraceContextFromOutsideIsBounded(t *testing.T) {
	g := start(t, local, http.HandlerFunc(echo), options{})
	for _, tc := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"good", []string{"Traceparent", parent}, parent},
		{"twice", []string{"Traceparent", parent, "Traceparent", parent}, ""},
		{"long", []string{"Traceparent", parent + strings.Repeat("-00", 50)}, ""},
		{"state alone", []string{"Tracestate", "a=b"}, ""},
	} {
		got := g.do("GET", "/api/games/x", "", tc.headers...).arrived(t)
		if got.Header.Get("Traceparent") != tc.want || got.Header.Get("Tracestate") != "" {
			t.Errorf("%s: %v", tc.name, got.Header)
		}
	}
	got := g.do("GET", "/api/games/x", "", "Traceparent", parent, "Tracestate", strings.Repeat("a", 600)).arrived(t)
	if got.Header.Get("Traceparent") == "" || got.Header.Get("Tracestate") != "" {
		t.Errorf("a long state: %v", got.Header)
	}
}

func TestAnswersPassAndAreCleaned(t *testing.T) {
	upstream := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/problem+json")
		h.Set("ETag", `"3"`)
		h.Set("Location", "/api/purchases/1")
		h.Set("X-Request-Id", "upstream")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Server", "secret/1")
		h.Set("X-Internal-Node", "7")
		h.Set("Access-Control-Allow-Origin", "*")
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write([]byte(`{"code":"already-owned"}`))
	})
	g := start(t, remote, upstream, options{})
	a := g.do("GET", "/api/games/x", "", "X-Request-Id", "mine")
	if a.status != http.StatusConflict || a.body != `{"code":"already-owned"}` || a.header.Get("ETag") != `"3"` || a.header.Get("Location") == "" {
		t.Errorf("the answer was changed: %+v", a)
	}
	for name, want := range map[string]string{"X-Request-Id": "mine", "X-Frame-Options": "DENY"} {
		if v := a.header[name]; len(v) != 1 || v[0] != want {
			t.Errorf("%s = %q, want only %q", name, v, want)
		}
	}
	for _, name := range []string{"Server", "X-Internal-Node", "Access-Control-Allow-Origin"} {
		if v := a.header[name]; v != nil {
			t.Errorf("%s passed: %q", name, v)
		}
	}
}
