package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// What browsers of other origins may send and read. There are no cookies and so
// no credentials: a page needs a token of its own.
const (
	corsRequestHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id"
	corsAnswerHeaders  = "ETag, Idempotency-Replayed, Location, Retry-After, X-Request-Id"
	corsMaxAge         = "600" // seconds
)

// CORS answers browsers that come from pages of other origins. Without any
// allowed origin it does nothing.
type CORS struct {
	origins []string
	all     bool
	router  *Router
}

// NewCORS allows the origins, such as "https://shop.example", exactly as browsers
// send them, or all of them with a single "*".
func NewCORS(origins []string, router *Router) (*CORS, error) {
	c := &CORS{origins: origins, router: router}
	if slices.Contains(origins, "*") {
		if len(origins) > 1 {
			return nil, fmt.Errorf("gateway: cors: %q stands alone, not among %q", "*", origins)
		}
		c.all = true
		return c, nil
	}
	for _, o := range origins {
		u, err := url.Parse(o)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" ||
			u.Scheme+"://"+u.Host != o || strings.ToLower(o) != o || u.User != nil {
			return nil, fmt.Errorf("gateway: cors: %q is not an origin such as https://shop.example", o)
		}
	}
	return c, nil
}

// Wrap answers preflights for the routes of the table, and names the origin in
// the other answers.
func (c *CORS) Wrap(next http.Handler) http.Handler {
	if len(c.origins) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if !c.all {
			h.Add("Vary", "Origin")
		}
		if origin := r.Header.Get("Origin"); c.allowed(origin) {
			if c.all {
				origin = "*"
			}
			h.Set("Access-Control-Allow-Origin", origin)
			if c.preflight(w, r) {
				return
			}
			h.Set("Access-Control-Expose-Headers", corsAnswerHeaders)
		}
		next.ServeHTTP(w, r)
	})
}

func (c *CORS) allowed(origin string) bool {
	return origin != "" && (c.all || slices.Contains(c.origins, origin))
}

// preflight answers the browser's question before the real request, if this is
// one and the table has the route.
func (c *CORS) preflight(w http.ResponseWriter, r *http.Request) bool {
	method := r.Header.Get("Access-Control-Request-Method")
	if r.Method != http.MethodOptions || method == "" {
		return false
	}
	if _, _, ok := c.router.Match(method, r.URL.EscapedPath()); !ok {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", method)
	h.Set("Access-Control-Allow-Headers", corsRequestHeaders)
	h.Set("Access-Control-Max-Age", corsMaxAge)
	w.WriteHeader(http.StatusNoContent)
	return true
}
