package httpserver

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/google/uuid"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/observe"
)

// RequestIDHeader carries the id of a request, from the client and back to it.
const RequestIDHeader = "X-Request-Id"

// maxRequestID is how long a client's request id may be.
const maxRequestID = 128

// RequestID gives each request an id: the client's X-Request-Id if it is 1 to 128 of
// A-Z a-z 0-9 . _ -, else a new UUIDv7. It is echoed, logged, and the correlation
// id of the events that the request causes. Put it outermost.
func RequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, r = withInfo(r)
		ctx, id := WithRequestID(r.Context(), r.Header.Get(RequestIDHeader))
		w.Header().Set(RequestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// WithRequestID puts the client's id, or a new one if it is not as RequestID wants it,
// into the context, where it is the correlation id of events too.
func WithRequestID(ctx context.Context, id string) (context.Context, string) {
	if !validRequestID(id) {
		id = newRequestID()
	}
	return event.WithOrigin(observe.WithRequestID(ctx, id), event.Origin{CorrelationID: id}), id
}

func newRequestID() string { return uuid.Must(uuid.NewV7()).String() }

func validRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		c := id[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// Recover turns a panic of a handler into an internal error, and logs it with its
// stack. If the answer has begun, the connection is cut instead, so that the
// client cannot take a half answer for a whole one.
func Recover(logger *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := record(w)
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it the same way
					panic(v)
				}
				ctx := r.Context()
				logger.LogAttrs(ctx, slog.LevelError, "panic in a handler", slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
				if rec.status != 0 {
					panic(http.ErrAbortHandler)
				}
				WriteError(ctx, rec, errs.New(errs.Internal, "", "internal error"))
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

// LimitBody bounds the bodies of requests to n bytes. A longer one that says so is
// refused before it is read; one that does not ends with an error that DecodeJSON
// turns into TooLarge.
func LimitBody(n int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > n {
				WriteError(r.Context(), w, tooLarge(n))
				return
			}
			if r.Body != nil && r.Body != http.NoBody {
				r.Body = http.MaxBytesReader(w, r.Body, n)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// SecurityHeaders sets what every answer of an API should have. A handler that serves
// pages replaces Content-Security-Policy with its own.
func SecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
