package httpserver

import (
	"net/http"
	"time"
)

// recorder remembers the status of an answer. It buffers nothing.
type recorder struct {
	http.ResponseWriter
	status int // 0 until the answer begins
	bytes  int64

	// What a Server adds for streams.
	onStream     func()
	stream       bool
	writeTimeout time.Duration
}

// record wraps w once, however many middlewares ask.
func record(w http.ResponseWriter) *recorder {
	if rec, ok := w.(*recorder); ok {
		return rec
	}
	return &recorder{ResponseWriter: w}
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	// 1xx answers come before the real one; 101 is the real one.
	if r.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		r.begin(status)
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	r.beforeWrite()
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Flush implements http.Flusher, for code that does not use http.ResponseController.
func (r *recorder) Flush() { _ = r.FlushError() }

// FlushError sends what was written so far.
func (r *recorder) FlushError() error {
	r.beforeWrite()
	return http.NewResponseController(r.ResponseWriter).Flush()
}

// final is the status that the client got.
func (r *recorder) final() int {
	if r.status == 0 {
		return http.StatusOK // net/http sends it when the handler wrote nothing
	}
	return r.status
}
