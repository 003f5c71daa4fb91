// Package middleware holds each cross-cutting concern of an endpoint once: recover,
// authentication, logging, metrics, tracing, circuit breaker, rate limit.
//
// A Factory makes a go-kit endpoint.Middleware for an operation, whose name is
// what logs, metrics and spans call it. The usual order, outermost first, is
//
//	Chain(Tracing, Metrics, Logging, Recover, RateLimit, …)
//
// with Authenticate innermost, because it differs from endpoint to endpoint. Logging
// and Metrics stand outside of Recover, so that they see a panic as the
// Internal error that the client gets.
package middleware
