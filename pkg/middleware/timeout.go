package middleware

import (
	"context"
	"time"

	"github.com/go-kit/kit/endpoint"
)

// Timeout ends the context of each call after d. An endpoint that heeds its context
// fails with class Timeout then.
func Timeout(d time.Duration) Factory {
	return func(string) endpoint.Middleware {
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			return func(ctx context.Context, request any) (any, error) {
				ctx, cancel := context.WithTimeout(ctx, d)
				defer cancel()
				return next(ctx, request)
			}
		}
	}
}
