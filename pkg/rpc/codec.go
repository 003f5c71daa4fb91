package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"gamestore.example/pkg/httpserver"
)

// Typed returns v as an R. Anything else is a mistake in the wiring.
func Typed[R any](v any) (R, error) {
	r, ok := v.(R)
	if !ok {
		return r, fmt.Errorf("rpc: got a %T, want a %T", v, r)
	}
	return r, nil
}

// Decode reads a request's body as a B, as strictly as over HTTP, and makes a command of it.
func Decode[B, C any](command func(r Request, body B) (C, error)) DecodeRequestFunc {
	return func(_ context.Context, r Request) (any, error) {
		body, err := httpserver.Unmarshal[B](r.Body)
		if err != nil {
			return nil, err
		}
		c, err := command(r, body)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
}

// Encode answers with the body that f makes of a response. f may set the status and
// headers.
func Encode[R, B any](f func(a *Answer, response R) B) EncodeResponseFunc {
	return func(ctx context.Context, a *Answer, response any) error {
		r, err := Typed[R](response)
		if err != nil {
			return err
		}
		w := &page{header: http.Header{}}
		if err := httpserver.WriteJSON(ctx, w, http.StatusOK, f(a, r)); err != nil { // the same bytes as over HTTP
			return err
		}
		a.Body = w.body.Bytes()
		return nil
	}
}

// NoContent answers 204 without a body.
func NoContent(_ context.Context, a *Answer, _ any) error {
	a.Status, a.ContentType = http.StatusNoContent, ""
	return nil
}

// Body adapts a mapping to Encode: status 200 and no header.
func Body[R, B any](f func(R) B) func(*Answer, R) B {
	return func(_ *Answer, response R) B { return f(response) }
}

// Send makes the body that f makes of a command. f may set headers.
func Send[C, B any](f func(r *Request, command C) B) EncodeRequestFunc {
	return func(_ context.Context, r *Request, request any) error {
		c, err := Typed[C](request)
		if err != nil {
			return err
		}
		if r.Body, err = json.Marshal(f(r, c)); err != nil {
			return fmt.Errorf("rpc: encode request: %w", err)
		}
		return nil
	}
}

// Receive makes a response of an answer's body. Members that B does not know are new ones.
func Receive[B, R any](f func(a Answer, body B) R) DecodeResponseFunc {
	return func(_ context.Context, a Answer) (any, error) {
		var body B
		if err := json.Unmarshal(a.Body, &body); err != nil {
			return nil, errUnexpected.WithCause(err)
		}
		return f(a, body), nil
	}
}

// From adapts a mapping to Receive.
func From[B, R any](f func(B) R) func(Answer, B) R {
	return func(_ Answer, body B) R { return f(body) }
}
