// Package httpserver is what every HTTP server and client of the platform has in
// common: strict JSON, RFC 9457 problems from the error table, limits, request ids,
// access log, metrics, an orderly drain, the operators' endpoints and the API
// reference.
//
// Nothing in it buffers an answer: each ResponseWriter it wraps has Unwrap, so
// that http.ResponseController reaches the connection, and streams flush through
// all middlewares. A Server knows an event stream by its media type, bounds each
// of its writes, and ends it when it drains.
package httpserver
