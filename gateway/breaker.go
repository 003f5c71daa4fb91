package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/streadway/handy/breaker"

	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/middleware"
)

// NewBreaker returns handy's circuit breaker: it opens when more than ratio of
// the outcomes of the last 5 seconds are failures and there are more than 10 of
// them, stays open for a second, then lets one request try. It runs a goroutine
// that nothing ends, so it lives as long as the process.
func NewBreaker(ratio float64) breaker.Breaker { return breaker.NewBreaker(ratio) }

// Break refuses requests while b is open, and tells it how the others ended: a
// panic and what middleware.BreakerStatus says are failures, other answers are
// successes, and a client that went away says nothing about the upstream. The
// outcome is known with the first byte of the answer, so an event stream does not
// keep the breaker waiting.
func Break(name string, b breaker.Breaker) func(http.Handler) http.Handler {
	open := middleware.ErrCircuitOpen.WithDetail("upstream", name)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !b.Allow() {
				httpserver.WriteError(r.Context(), w, open)
				return
			}
			o := &observed{ResponseWriter: w, ctx: r.Context(), breaker: b, start: time.Now()}
			defer o.end()
			next.ServeHTTP(o, r)
			o.returned = true
		})
	}
}

// observed is an answer that reports its outcome to a breaker, once.
type observed struct {
	http.ResponseWriter
	ctx      context.Context
	breaker  breaker.Breaker
	start    time.Time
	reported bool
	returned bool // the handler did not panic
}

// Unwrap lets http.ResponseController reach the connection.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

func (o *observed) WriteHeader(status int) {
	if status >= http.StatusOK { // the informational ones are no outcome
		o.report(status)
	}
	o.ResponseWriter.WriteHeader(status)
}

func (o *observed) Write(b []byte) (int, error) {
	o.report(http.StatusOK)
	return o.ResponseWriter.Write(b)
}

// FlushError begins the answer, as Write does.
func (o *observed) FlushError() error {
	o.report(http.StatusOK)
	return http.NewResponseController(o.ResponseWriter).Flush()
}

// Flush is for handlers that look for an http.Flusher.
func (o *observed) Flush() { _ = o.FlushError() }

func (o *observed) end() {
	status := http.StatusOK
	if !o.returned {
		status = http.StatusInternalServerError
	}
	o.report(status)
}

func (o *observed) report(status int) {
	if o.reported {
		return
	}
	o.reported = true
	switch {
	case o.ctx.Err() != nil, status == statusClientGone:
	case middleware.BreakerStatus(status):
		o.breaker.Failure(time.Since(o.start))
	default:
		o.breaker.Success(time.Since(o.start))
	}
}
