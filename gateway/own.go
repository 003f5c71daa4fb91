package gateway

import (
	_ "embed"
	"net/http"
)

//go:embed web/index.html
var landing []byte

// Own serves by their exact paths the pages that are the gateway's own, with GET
// and HEAD, and everything else by api.
func Own(pages map[string]http.Handler, api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.EscapedPath()]
		switch {
		case !ok:
			api.ServeHTTP(w, r)
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			page.ServeHTTP(w, r)
		default:
			methodNotAllowed(w, r, []string{http.MethodGet, http.MethodHead})
		}
	})
}

// Landing is the answer at "/".
func Landing() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(landing)
	})
}
