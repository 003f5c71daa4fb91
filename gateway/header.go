package gateway

import (
	"net/http"
	"strings"

	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/observe"
)

// Headers that the gateway itself sets for an upstream.
const (
	headerForwardedFor   = "X-Forwarded-For"
	headerForwardedProto = "X-Forwarded-Proto"
	headerForwardedHost  = "X-Forwarded-Host"
	headerTraceParent    = "Traceparent"
	headerTraceState     = "Tracestate"
	headerB3             = "B3"
)

// Bounds of the trace context that is accepted from outside, in bytes.
const (
	maxTraceParent = 128
	maxTraceState  = 512
)

// setOutbound turns the headers that came in into those that go to an upstream:
// what only the gateway may say is removed and said again.
func setOutbound(h http.Header, in *http.Request, c *call) {
	cleanHeader(h)
	// Assigning the canonical keys directly replaces whatever was there.
	h[headerForwardedFor] = []string{c.client.String()}
	h[headerForwardedProto] = []string{c.scheme}
	h[headerForwardedHost] = []string{in.Host}
	if id := observe.RequestID(in.Context()); id != "" {
		h[httpserver.RequestIDHeader] = []string{id}
	}
}

// cleanHeader removes what must not pass: the headers of this connection alone,
// those that other software trusts blindly, and a trace context that is no good.
func cleanHeader(h http.Header) {
	for _, value := range h["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for name := range h {
		if !mayPass(name) {
			delete(h, name)
		}
	}
	if parent := h[headerTraceParent]; len(parent) != 1 || len(parent[0]) > maxTraceParent {
		delete(h, headerTraceParent)
		delete(h, headerTraceState)
	}
	if b3 := h[headerB3]; len(b3) != 1 || len(b3[0]) > maxTraceParent {
		delete(h, headerB3)
	}
	if state := h[headerTraceState]; len(state) > 1 || (len(state) == 1 && len(state[0]) > maxTraceState) {
		delete(h, headerTraceState)
	}
}

// mayPass tells whether a header from outside may reach an upstream, however it
// is spelled.
func mayPass(name string) bool {
	if strings.IndexByte(name, '_') >= 0 {
		return false // CGI and its heirs read "_" and "-" alike
	}
	name = http.CanonicalHeaderKey(name)
	switch name {
	// Of this connection alone. Expect is answered here.
	case "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect":
		return false
	// Of nobody's concern behind: the API has no cookies, and baggage is the caller's own.
	case "Cookie", "Baggage":
		return false
	// Ways to ask for another route behind the gateway's back.
	case "X-Original-Url", "X-Original-Uri", "X-Rewrite-Url",
		"X-Http-Method", "X-Http-Method-Override", "X-Method-Override":
		return false
	// Other spellings of the client's address.
	case "Forwarded", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip":
		return false
	}
	return !strings.HasPrefix(name, "X-User-") &&
		!strings.HasPrefix(name, "X-B3-") && // a trace goes on as traceparent and b3
		!strings.HasPrefix(name, "X-Internal-") &&
		!strings.HasPrefix(name, "X-Forwarded-")
}

// cleanAnswer removes from an upstream's answer what the gateway has said already,
// and what it alone says. own are the headers of the answer so far.
func cleanAnswer(h, own http.Header) {
	for name := range own {
		if name != "Vary" { // what each of both varies by counts
			delete(h, name)
		}
	}
	for name := range h {
		if name == "Server" || strings.HasPrefix(name, "Access-Control-") || strings.HasPrefix(name, "X-Internal-") {
			delete(h, name)
		}
	}
}
