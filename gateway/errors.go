package gateway

import (
	"time"

	"gamestore.example/pkg/errs"
)

// cooldown is how long handy's breaker stays open before it lets one request try.
const cooldown = time.Second

// The failures of the gateway itself. Clients may switch on their codes.
var (
	ErrNoRoute         = errs.New(errs.NotFound, "not-found", "there is nothing at this path")
	ErrMethod          = errs.New(errs.MethodNotAllowed, "", "the path does not have this method")
	ErrQuery           = errs.New(errs.Invalid, "invalid-query", "the query string cannot be read")
	ErrBodyTooLarge    = errs.New(errs.TooLarge, "", "the request's body is too large")
	ErrRateLimited     = errs.New(errs.RateLimited, "", "too many requests; wait a little")
	ErrUpstreamDown    = errs.New(errs.Unavailable, "upstream-unavailable", "the service cannot be reached").WithRetryAfter(cooldown)
	ErrUpstreamTimeout = errs.New(errs.Timeout, "", "the service did not answer in time")
	ErrCircuitOpen     = errs.New(errs.Unavailable, "circuit-open", "the service is failing and gets a moment of rest").WithRetryAfter(cooldown)
)
