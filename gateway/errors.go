package gateway

import (
	"time"

	"gamestore.example/pkg/errs"
)

// The failures of the gateway itself, beside those of auth, httpserver and
// middleware. Clients may switch on their codes.
var (
	ErrQuery           = errs.New(errs.Invalid, "invalid-query", "the query string cannot be read")
	ErrUpstreamDown    = errs.New(errs.Unavailable, "upstream-unavailable", "the service cannot be reached").WithRetryAfter(time.Second)
	ErrUpstreamTimeout = errs.New(errs.Timeout, "", "the service did not answer in time")
)
