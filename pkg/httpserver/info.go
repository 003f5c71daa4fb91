package httpserver

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/gorilla/mux"
)

// unmatched is the http.route of a request that no route takes.
const unmatched = "unmatched"

// requestInfo is what the middlewares around a router and those inside of it
// share about one request.
type requestInfo struct {
	path  string
	route atomic.Pointer[string]
}

type infoKey struct{}

func infoFrom(ctx context.Context) *requestInfo {
	info, _ := ctx.Value(infoKey{}).(*requestInfo)
	return info
}

// withInfo returns the request's info, and the request with it in its context.
func withInfo(r *http.Request) (*requestInfo, *http.Request) {
	if info := infoFrom(r.Context()); info != nil {
		return info, r
	}
	info := &requestInfo{path: r.URL.EscapedPath()}
	return info, r.WithContext(context.WithValue(r.Context(), infoKey{}, info))
}

// name is the http.route: a template, never a path with ids in it.
func (i *requestInfo) name() string {
	if route := i.route.Load(); route != nil {
		return *route
	}
	return unmatched
}

// SetRoute tells the middlewares outside what the request's route is, such as
// "/api/games/{id}". The last call holds.
func SetRoute(ctx context.Context, template string) {
	if info := infoFrom(ctx); info != nil {
		info.route.Store(&template)
	}
}

// RecordRoute is a middleware for a gorilla/mux router (router.Use) that tells those
// outside which route was taken.
func RecordRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route := mux.CurrentRoute(r); route != nil {
			if template, err := route.GetPathTemplate(); err == nil {
				SetRoute(r.Context(), template)
			}
		}
		next.ServeHTTP(w, r)
	})
}
