package httpserver

import (
	"net/http"
	"slices"
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

// HandleUnmatched sets what the router answers when no route takes a request: 404 as a
// problem document, or, when the path is served by other methods, HEAD like GET,
// OPTIONS with what is allowed, and everything else with 405. Allow says which
// methods there are.
func HandleUnmatched(router *mux.Router) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, r = withInfo(r)
		unmatchedRequest(router, w, r)
	})
	// mux forgets that only the method was wrong when a route of the same subrouter
	// follows, so neither handler can rely on which of the two was chosen.
	router.NotFoundHandler, router.MethodNotAllowedHandler = h, h
}

func unmatchedRequest(router *mux.Router, w http.ResponseWriter, r *http.Request) {
	allowed := allowedMethods(router, r)
	switch {
	case len(allowed) == 0:
		WriteError(r.Context(), w, ErrNoRoute)
	case r.Method == http.MethodHead && slices.Contains(allowed, http.MethodHead):
		router.ServeHTTP(w, withMethod(r, http.MethodGet)) // net/http leaves the body out
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		WriteError(r.Context(), w, ErrMethodNotAllowed)
	}
}

// allowedMethods asks the router for each method; none means that nothing is there.
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
	if len(allowed) > 0 {
		allowed = append(allowed, http.MethodOptions)
	}
	return allowed
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
