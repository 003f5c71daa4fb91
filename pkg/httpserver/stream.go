package httpserver

import (
	"context"
	"mime"
	"net/http"
	"time"
)

// streamType is the media type of server-sent events.
const streamType = "text/event-stream"

// streams gives answers that are event streams what they need: no deadline for the
// whole, one for each write, and an end when the server drains.
func streams(writeTimeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		rec := record(w)
		rec.writeTimeout = writeTimeout
		var stop func() bool
		rec.onStream = func() {
			if draining, ok := ctx.Value(drainingKey{}).(context.Context); ok {
				stop = context.AfterFunc(draining, cancel)
			}
		}
		defer func() {
			if stop != nil {
				stop()
			}
		}()
		next.ServeHTTP(rec, r.WithContext(ctx))
	})
}

// begin notes the status of the answer, and whether it is a stream.
func (r *recorder) begin(status int) {
	r.status = status
	if r.onStream == nil {
		return
	}
	if mediaType, _, _ := mime.ParseMediaType(r.Header().Get("Content-Type")); mediaType == streamType {
		r.stream = true
		r.onStream()
	}
}

// beforeWrite bounds the next write of a stream, so that a client that does not read
// cannot hold it for ever.
func (r *recorder) beforeWrite() {
	if r.status == 0 {
		r.begin(http.StatusOK)
	}
	if r.stream && r.writeTimeout > 0 {
		_ = http.NewResponseController(r.ResponseWriter).SetWriteDeadline(time.Now().Add(r.writeTimeout))
	}
}

// Unbound lifts the read and write deadlines of the request's connection, for an
// answer that takes long without being an event stream. Call it before the
// first write. A writer that has no deadlines is left as it is.
func Unbound(w http.ResponseWriter) {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{})
	_ = rc.SetWriteDeadline(time.Time{})
}
