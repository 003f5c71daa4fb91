// Package observe is how the platform tells what it does: a logger that adds the
// ids of the request and of the trace to each line, a metrics registry of its
// own, and the trace context that travels in headers.
//
// It uses the OpenTelemetry API only, and no global state of it: who wants spans
// passes a TracerProvider to what it builds; the default is a no-op.
package observe
