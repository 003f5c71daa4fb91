package rpc

import (
	"cmp"
	"context"
	"net/http"
)

// FromHTTP serves an operation by the handler of a GET request, of which the handler
// sees nothing but If-None-Match.
func FromHTTP(h http.Handler) Handler {
	return HandlerFunc(func(ctx context.Context, r Request) Answer {
		ctx = contextOf(ctx, r)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
		if err != nil {
			return Problem(ctx, err)
		}
		if tags := r.Headers[HeaderIfNoneMatch]; tags != "" {
			req.Header.Set("If-None-Match", tags)
		}
		w := &page{header: http.Header{}}
		h.ServeHTTP(w, req)
		a := Answer{
			Status: cmp.Or(w.status, http.StatusOK), ContentType: w.header.Get("Content-Type"), Body: w.body.Bytes(), Headers: map[string]string{},
		}
		for _, name := range AnswerHeaders() {
			if value := w.header.Get(name); value != "" {
				a.Headers[name] = value
			}
		}
		return a
	})
}
