package middleware

import (
	"context"
	"fmt"
	"time"

	"github.com/go-kit/kit/endpoint"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
)

// ErrRateLimited says that the caller asks too often.
var ErrRateLimited = errs.New(errs.RateLimited, "", "too many requests; try again later")

// Limiter is a token bucket for each key: an account, an address. It remembers a
// bounded number of keys; the one not used for the longest time is forgotten
// first, and begins with a full bucket again. It is safe for concurrent use.
type Limiter struct {
	perSecond rate.Limit
	burst     int
	buckets   *lru.Cache[string, *rate.Limiter]
}

// NewLimiter returns a Limiter that allows perSecond calls per second and key, and
// burst at once, and remembers maxKeys keys. It is an error if one of them is
// not more than 0.
func NewLimiter(perSecond float64, burst, maxKeys int) (*Limiter, error) {
	if !(perSecond > 0) || burst <= 0 || maxKeys <= 0 {
		return nil, fmt.Errorf("middleware: limiter of %v per second, burst %d, %d keys: want more than 0 of each", perSecond, burst, maxKeys)
	}
	buckets, err := lru.New[string, *rate.Limiter](maxKeys)
	if err != nil {
		return nil, fmt.Errorf("middleware: limiter: %w", err)
	}
	return &Limiter{perSecond: rate.Limit(perSecond), burst: burst, buckets: buckets}, nil
}

// Allow takes one token from the key's bucket. If there is none, it returns false
// and how long it takes until there is one; a refused call costs nothing.
func (l *Limiter) Allow(key string) (ok bool, retryAfter time.Duration) {
	bucket, found := l.buckets.Get(key)
	if !found {
		bucket = rate.NewLimiter(l.perSecond, l.burst)
		if before, raced, _ := l.buckets.PeekOrAdd(key, bucket); raced {
			bucket = before
		}
	}
	now := time.Now()
	if bucket.AllowN(now, 1) {
		return true, 0
	}
	missing := 1 - bucket.TokensAt(now)
	return false, max(time.Duration(missing/float64(l.perSecond)*float64(time.Second)), time.Millisecond)
}

// Check is Allow with an error: ErrRateLimited with its RetryAfter.
func (l *Limiter) Check(key string) error {
	if ok, wait := l.Allow(key); !ok {
		return ErrRateLimited.WithRetryAfter(wait)
	}
	return nil
}

// RateLimit refuses calls of a key that come too often. The operations share the
// limiter's buckets. A nil key means KeyByUser.
func RateLimit(l *Limiter, key func(ctx context.Context) string) Factory {
	if key == nil {
		key = KeyByUser
	}
	return func(string) endpoint.Middleware {
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			return func(ctx context.Context, request any) (any, error) {
				if err := l.Check(key(ctx)); err != nil {
					return nil, err
				}
				return next(ctx, request)
			}
		}
	}
}

// KeyByUser is the user's id. Everybody who is not authenticated shares one key, so
// use it inside of Authenticate.
func KeyByUser(ctx context.Context) string {
	p, _ := auth.PrincipalFrom(ctx)
	return p.UserID
}
