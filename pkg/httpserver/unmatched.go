package httpserver

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"gamestore.example/pkg/errs"
)

var (
	// ErrNoRoute says that nothing is served at this path.
	ErrNoRoute = errs.New(errs.NotFound, "no-such-route", "nothing is served at this path")
	// ErrMethodNotAllowed says that the path is served, by other methods.
	ErrMethodNotAllowed = errs.New(errs.MethodNotAllowed, "", "the method is not allowed here")
)

// NotFound answers 404 as a problem document.
func NotFound() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, r = withInfo(r)
		WriteError(r.Context(), w, ErrNoRoute)
	})
}

// MethodNotAllowed takes the requests whose path the router knows by other methods
// only. HEAD is answered like GET, OPTIONS with what is allowed, and the rest
// with 405 as a problem document. Allow says which methods there are.
func MethodNotAllowed(router *mux.Router) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, r = withInfo(r)
		allowed := allowedMethods(router, r)
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		switch {
		case r.Method == http.MethodOptions:
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodHead && matches(router, r, http.MethodGet):
			w.Header().Del("Allow")
			router.ServeHTTP(w, withMethod(r, http.MethodGet)) // net/http leaves the body out
		default:
			WriteError(r.Context(), w, ErrMethodNotAllowed)
		}
	})
}

// HandleUnmatched sets both handlers on the router.
func HandleUnmatched(router *mux.Router) {
	router.NotFoundHandler = NotFound()
	router.MethodNotAllowedHandler = MethodNotAllowed(router)
}

func allowedMethods(router *mux.Router, r *http.Request) []string {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if !matches(router, r, m) {
			continue
		}
		allowed = append(allowed, m)
		if m == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	return append(allowed, http.MethodOptions)
}

func matches(router *mux.Router, r *http.Request, method string) bool {
	var match mux.RouteMatch
	return router.Match(withMethod(r, method), &match) && match.MatchErr == nil
}

func withMethod(r *http.Request, method string) *http.Request {
	c := r.WithContext(r.Context())
	c.Method = method
	return c
}
