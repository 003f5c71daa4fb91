package rpc

import (
	"context"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/observe"
)

// EncodeRequestFunc makes a Request of an endpoint's request.
type EncodeRequestFunc func(ctx context.Context, r *Request, request any) error

// DecodeResponseFunc makes an endpoint's response of an Answer that is no problem.
type DecodeResponseFunc func(ctx context.Context, a Answer) (response any, err error)

// Done is the DecodeResponseFunc of operations that answer nothing.
func Done(context.Context, Answer) (any, error) { return nil, nil } //nolint:nilnil // there is no response

// NewClient returns an endpoint that calls an operation: encode, call, decode. The
// token, the request id and the trace of the context go with each request. A
// problem that comes back is the *errs.Error that the service had.
func NewClient(caller Caller, operation string, encode EncodeRequestFunc, decode DecodeResponseFunc) endpoint.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		r := Request{Operation: operation, Headers: headersFrom(ctx)}
		if err := encode(ctx, &r, request); err != nil {
			return nil, err
		}
		a, err := caller.Call(ctx, r)
		if err == nil {
			err = a.Err()
		}
		if err != nil {
			return nil, err
		}
		return decode(ctx, a)
	}
}

func headersFrom(ctx context.Context) map[string]string {
	h := map[string]string{}
	if token := auth.TokenFrom(ctx); token != "" {
		h[HeaderAuthorization] = "Bearer " + token
	}
	id := observe.RequestID(ctx)
	if id == "" {
		id = event.OriginFrom(ctx).CorrelationID
	}
	if id != "" {
		h[HeaderRequestID] = id
	}
	observe.Inject(ctx, h)
	return h
}
