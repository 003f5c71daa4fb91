package rpc

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/observe"
)

// Failures of requests that reach no endpoint.
var (
	// ErrUnknownOperation says that the service has no such operation.
	ErrUnknownOperation = errs.New(errs.NotFound, "unknown-operation", "the service has no such operation")
	// ErrOutcomeUnknown says that a request came again which must not be carried out
	// twice: look whether it was, before sending another.
	ErrOutcomeUnknown = errs.New(errs.Timeout, "outcome-unknown", "the service was interrupted; whether it did what was asked for is unknown")
)

// DecodeRequestFunc makes an endpoint's request of a Request.
type DecodeRequestFunc func(ctx context.Context, r Request) (request any, err error)

// EncodeResponseFunc makes an Answer of an endpoint's response.
type EncodeResponseFunc func(ctx context.Context, a *Answer, response any) error

// Server serves one operation: decode, endpoint, encode.
type Server struct {
	endpoint endpoint.Endpoint
	decode   DecodeRequestFunc
	encode   EncodeResponseFunc
}

// NewServer returns a server of an endpoint.
func NewServer(ep endpoint.Endpoint, decode DecodeRequestFunc, encode EncodeResponseFunc) *Server {
	return &Server{endpoint: ep, decode: decode, encode: encode}
}

// Serve implements Handler. The endpoint finds the token, the request id and the
// trace in its context, as over HTTP.
func (s *Server) Serve(ctx context.Context, r Request) Answer {
	ctx = contextOf(ctx, r)
	a, err := s.serve(ctx, r)
	if err != nil {
		return Problem(ctx, err)
	}
	return a
}

func (s *Server) serve(ctx context.Context, r Request) (Answer, error) {
	request, err := s.decode(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	response, err := s.endpoint(ctx, request)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: http.StatusOK, ContentType: ContentType, Headers: map[string]string{}}
	err = s.encode(ctx, &a, response)
	return a, err
}

func contextOf(ctx context.Context, r Request) context.Context {
	ctx = observe.Extract(ctx, r.Headers)
	ctx, _ = httpserver.WithRequestID(ctx, r.Headers[HeaderRequestID])
	return auth.WithToken(ctx, httpserver.BearerToken(http.Header{"Authorization": {r.Headers[HeaderAuthorization]}}))
}

// Route is an operation of a Mux.
type Route struct {
	Operation string
	Handler   Handler
	// Repeat says of a request that came again whether it is carried out again.
	// Otherwise it is answered with ErrOutcomeUnknown.
	Repeat func(r Request) bool
}

// Harmless is the Repeat of reads, and of commands that do nothing the second time.
func Harmless(Request) bool { return true }

// Never is the Repeat of commands whose second answer would be a wrong one.
func Never(Request) bool { return false }

// WithKey is the Repeat of commands that an idempotency key makes harmless to
// repeat, and nothing else.
func WithKey(r Request) bool { return r.Headers[HeaderIdempotencyKey] != "" }

// Mux hands requests to the handlers of their operations.
type Mux struct{ routes map[string]Route }

// NewMux returns a Mux, or an error if a route is incomplete or there twice.
func NewMux(routes ...Route) (*Mux, error) {
	m := &Mux{routes: make(map[string]Route, len(routes))}
	for _, r := range routes {
		if _, twice := m.routes[r.Operation]; twice || r.Operation == "" {
			return nil, fmt.Errorf("rpc: the operation %q is nameless or there twice", r.Operation)
		}
		if r.Handler == nil || r.Repeat == nil {
			return nil, errors.New("rpc: a route needs a handler and what to do with repeated requests")
		}
		m.routes[r.Operation] = r
	}
	return m, nil
}

// Serve implements Handler.
func (m *Mux) Serve(ctx context.Context, r Request) Answer {
	route, ok := m.routes[r.Operation]
	switch {
	case !ok:
		return Problem(contextOf(ctx, r), ErrUnknownOperation)
	case r.Redelivered && !route.Repeat(r):
		return Problem(contextOf(ctx, r), ErrOutcomeUnknown)
	}
	return route.Handler.Serve(ctx, r)
}
