package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gamestore.example/pkg/httpserver"
)

// maxID is the longest id in a path, in bytes.
const maxID = 64

// Router finds the route of a request. It compares the path as it came, byte for
// byte: nothing is unescaped, cleaned or redirected, so two spellings of a path
// can never mean one thing here and another behind. It is immutable.
type Router struct{ root node }

// node is one segment of the paths. A literal goes before the parameter.
type node struct {
	literals map[string]*node
	param    *node
	methods  map[string]*entry
}

type entry struct {
	route   Route
	handler http.Handler
}

// NewRouter returns a router that serves each route by what handle makes of it.
// It refuses a table with two rows for the same method and path.
func NewRouter(routes []Route, handle func(Route) http.Handler) (*Router, error) {
	r := &Router{}
	for _, route := range routes {
		n := &r.root
		for _, segment := range segments(route.Path) {
			n = n.child(segment)
		}
		if n.methods[route.Method] != nil {
			return nil, fmt.Errorf("gateway: two routes for %s %s", route.Method, route.Path)
		}
		if n.methods == nil {
			n.methods = map[string]*entry{}
		}
		n.methods[route.Method] = &entry{route, handle(route)}
	}
	return r, nil
}

func (n *node) child(segment string) *node {
	if strings.HasPrefix(segment, "{") {
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	}
	if n.literals == nil {
		n.literals = map[string]*node{}
	}
	if n.literals[segment] == nil {
		n.literals[segment] = &node{}
	}
	return n.literals[segment]
}

// segments splits "/a/b" into "a" and "b".
func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// Match returns the route of a method and an escaped path. Without one, allowed
// lists the methods that the path has, sorted; none means there is no such path.
func (r *Router) Match(method, path string) (route Route, allowed []string, ok bool) {
	e, n := r.match(method, path)
	if e != nil {
		return e.route, nil, true
	}
	return Route{}, n.allowed(), false
}

func (r *Router) match(method, path string) (*entry, *node) {
	n := &r.root
	if !strings.HasPrefix(path, "/") {
		return nil, nil
	}
	for rest, more := path[1:], true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if next := n.literals[segment]; next != nil {
			n = next
			continue
		}
		if n.param == nil || !isID(segment) {
			return nil, nil
		}
		n = n.param
	}
	return n.methods[method], n
}

// allowed lists the methods of the path that ends at n, which may be nil.
func (n *node) allowed() []string {
	if n == nil {
		return nil
	}
	var methods []string
	for m := range n.methods {
		methods = append(methods, m)
	}
	slices.Sort(methods)
	return methods
}

// isID tells whether a segment may stand for an id: letters, digits, "_" and "-".
// Nothing that needs escaping, no dots, so no way up or sideways.
func isID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// ServeHTTP serves the request by its route, or says that there is none.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	e, n := r.match(req.Method, req.URL.EscapedPath())
	if e != nil {
		httpserver.SetRoute(req.Context(), e.route.Path)
	}
	switch {
	case e != nil && goodQuery(req.URL.RawQuery):
		e.handler.ServeHTTP(w, req)
	case e != nil:
		httpserver.WriteError(req.Context(), w, ErrQuery)
	case n != nil && len(n.methods) > 0:
		methodNotAllowed(w, req, n.allowed())
	default:
		httpserver.WriteError(req.Context(), w, httpserver.ErrNoRoute)
	}
}

func methodNotAllowed(w http.ResponseWriter, req *http.Request, allowed []string) {
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	httpserver.WriteError(req.Context(), w, httpserver.ErrMethodNotAllowed)
}

// goodQuery tells whether everybody reads the query in one way: software differs
// about ";" and broken escapes.
func goodQuery(query string) bool {
	if !strings.ContainsAny(query, ";%") {
		return true
	}
	_, err := url.ParseQuery(query)
	return err == nil
}
