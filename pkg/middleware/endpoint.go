package middleware

import (
	"context"
	"fmt"

	"github.com/go-kit/kit/endpoint"
)

// Factory makes the middleware of one operation.
type Factory func(operation string) endpoint.Middleware

// Chain joins factories: the first is the outermost. Nil ones are left out, and
// Chain() changes nothing.
func Chain(fs ...Factory) Factory {
	return func(operation string) endpoint.Middleware {
		ms := make([]endpoint.Middleware, 0, len(fs))
		for _, f := range fs {
			if f != nil {
				ms = append(ms, f(operation))
			}
		}
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			for i := len(ms) - 1; i >= 0; i-- {
				next = ms[i](next)
			}
			return next
		}
	}
}

// Endpoint makes an endpoint of a typed function. When the function fails, the
// endpoint's response is nil.
func Endpoint[Req, Resp any](f func(context.Context, Req) (Resp, error)) endpoint.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		req, ok := request.(Req)
		if !ok {
			return nil, fmt.Errorf("middleware: endpoint got a %T, want a %T", request, req)
		}
		resp, err := f(ctx, req)
		if err != nil {
			return nil, err
		}
		return resp, nil
	}
}

// Call calls an endpoint and returns its response as a Resp. A nil response is the
// zero Resp.
func Call[Resp any](ctx context.Context, ep endpoint.Endpoint, req any) (Resp, error) {
	var zero Resp
	response, err := ep(ctx, req)
	if err != nil || response == nil {
		return zero, err
	}
	resp, ok := response.(Resp)
	if !ok {
		return zero, fmt.Errorf("middleware: endpoint answered a %T, want a %T", response, zero)
	}
	return resp, nil
}
