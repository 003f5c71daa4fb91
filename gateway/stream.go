package gateway

import (
	"context"
	"io"
	"net/http"
	"strings"

	"gamestore.example/pkg/httpserver"
)

// endInOrder makes an event stream from an upstream end regularly when the server
// of this process drains. The server cancels the request then, and without this
// the proxy would cut the client's connection.
func endInOrder(ctx context.Context, resp *http.Response) {
	draining := httpserver.Draining(ctx)
	if draining != nil && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		resp.Body = &stream{ReadCloser: resp.Body, draining: draining}
	}
}

// stream is the body of an event stream.
type stream struct {
	io.ReadCloser
	draining <-chan struct{}
}

// Read reports an error after the server began to drain as the regular end.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil {
		select {
		case <-s.draining:
			return n, io.EOF
		default:
		}
	}
	return n, err
}
