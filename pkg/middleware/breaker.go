package middleware

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-kit/kit/circuitbreaker"
	"github.com/go-kit/kit/endpoint"
	"github.com/streadway/handy/breaker"

	"gamestore.example/pkg/errs"
)

// DefaultFailureRatio is the share of failed calls above which a circuit opens when
// the configuration says nothing.
const DefaultFailureRatio = 0.5

// ErrCircuitOpen says that the call was not tried, because too many before it failed.
// It is Unavailable, with a RetryAfter of the breaker's cooldown.
var ErrCircuitOpen = errs.New(errs.Unavailable, "circuit-open", "the service is not available at the moment").
	WithRetryAfter(breaker.DefaultCooldown)

// Breaker gives each operation a circuit breaker of its own. It opens when more than
// failureRatio of the calls of the last five seconds failed, but not before ten
// were made; after a second one call may try again. Open, it answers
// ErrCircuitOpen with the name as its detail "upstream".
//
// Only what says that the other side is ill counts as a failure: Internal,
// Unavailable, Timeout and panics. An error that is the client's doing is an
// answer like any other, and a call that its caller cancelled says nothing.
//
// A breaker of streadway/handy owns a goroutine that never ends; make one per
// upstream, not one per request. Its With methods have no effect, because that
// goroutine works on an earlier copy.
func Breaker(name string, failureRatio float64) Factory {
	open := ErrCircuitOpen.WithDetail("upstream", name)
	return func(string) endpoint.Middleware {
		cb := breaker.NewBreaker(failureRatio)
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			return func(ctx context.Context, request any) (any, error) {
				call := &breakerCall{Breaker: cb}
				response, err := circuitbreaker.HandyBreaker(call)(call.judge(next))(ctx, request)
				if errors.Is(err, breaker.ErrCircuitOpen) {
					return nil, open
				}
				if call.err != nil {
					return nil, call.err
				}
				return response, err
			}
		}
	}
}

// breakerCall is one call on its way through a breaker.
type breakerCall struct {
	breaker.Breaker
	err     error // an error that the breaker must not see
	nothing bool  // the call says nothing about the other side
}

// judge hides from the breaker the errors that are not failures.
func (c *breakerCall) judge(next endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request any) (response any, err error) {
		// A panic would pass HandyBreaker as a success.
		defer recovered(&response, &err)
		response, err = next(ctx, request)
		if err != nil && !BreakerFailure(err) {
			c.err, c.nothing = err, errors.Is(err, context.Canceled)
			return nil, nil
		}
		return response, err
	}
}

// Success tells the breaker, unless the call says nothing: a success would close
// an open circuit.
func (c *breakerCall) Success(took time.Duration) {
	if !c.nothing {
		c.Breaker.Success(took)
	}
}

// BreakerFailure reports whether an error says that the other side is ill.
func BreakerFailure(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	switch errs.ClassOf(err) {
	case errs.Internal, errs.Unavailable, errs.Timeout:
		return true
	default:
		return false
	}
}

// BreakerStatus reports whether an HTTP status says that the other side is ill.
// 501 does not: it is the answer to a question that will not get another.
func BreakerStatus(status int) bool {
	return status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}

// BreakerTransport guards an HTTP upstream with a breaker: breaker.NewBreaker(ratio)
// or any other. Open, it returns ErrCircuitOpen without a request. A cancelled
// request says nothing, and a 4xx is a success.
func BreakerTransport(name string, cb breaker.Breaker, next http.RoundTripper) http.RoundTripper {
	return &breakerTransport{open: ErrCircuitOpen.WithDetail("upstream", name), cb: cb, next: next}
}

type breakerTransport struct {
	open error
	cb   breaker.Breaker
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *breakerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.cb.Allow() {
		if req.Body != nil {
			_ = req.Body.Close() // a RoundTripper closes the body in any case
		}
		return nil, t.open
	}
	begin := time.Now()
	failed := true // if next panics
	nothing := false
	defer func() {
		switch took := time.Since(begin); {
		case nothing:
		case failed:
			t.cb.Failure(took)
		default:
			t.cb.Success(took)
		}
	}()
	resp, err := t.next.RoundTrip(req)
	nothing = err != nil && errors.Is(req.Context().Err(), context.Canceled)
	failed = err != nil || BreakerStatus(resp.StatusCode)
	return resp, err
}
