// Package observed is around an app's side of the bus: it makes the spans of what
// the app publishes and handles, and measures how long that takes and how late it is.
//
// It is in front of every adapter, so that a trace is one whichever bus carries it. A
// message carries the trace of the span that published it; retries and dead letters keep
// the message as it is, so that each further delivery is one more span of the same trace.
package observed
