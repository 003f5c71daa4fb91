// Package gateway is the one door to the services: it knows every operation they
// have, in an explicit route table, and lets nothing else pass.
//
// A request goes one way through it:
//
//	route → rate limit by address → token → rate limit by user → limits of size
//	and time → circuit breaker → proxy → users | games | payments
//
// An upstream is an http:// URL, reached through a pool of kept connections, or a
// message broker at which the service answers requests, or an http.Handler of the same
// process, called directly. The same header rules hold for all: nothing that only the
// gateway may say gets past it from outside, and the access token is forwarded because
// the services verify it again. Clients cannot tell which it is.
//
// The gateway's own errors are problem documents like everybody else's. Package
// app puts the parts together.
package gateway
