// Package tracing makes spans leave the process: it opens the exporter that the
// operator's flags name, and gives each app of the process a TracerProvider of its own
// service name.
//
// It sets no global of OpenTelemetry. A collector that is slow, or not there, costs
// spans, which are counted, and never delays a request or the end of the process.
package tracing
