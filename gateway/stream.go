package gateway

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"

	"gamestore.example/pkg/httpserver"
)

// endWithServer makes an event stream from an upstream end in order when the
// server of this process is told to stop, instead of holding up its drain.
func endWithServer(ctx context.Context, resp *http.Response) {
	draining := httpserver.Draining(ctx)
	if draining == nil || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return
	}
	s := &stream{ReadCloser: resp.Body, draining: draining, closed: make(chan struct{})}
	go s.watch()
	resp.Body = s
}

// stream is the body of an event stream that ends when the server drains.
type stream struct {
	io.ReadCloser
	draining <-chan struct{}
	closed   chan struct{}
	close    sync.Once
}

// watch closes the body when the server drains, which ends a Read that waits.
func (s *stream) watch() {
	select {
	case <-s.draining:
		_ = s.ReadCloser.Close()
	case <-s.closed:
	}
}

// Read reports the end that watch made as a regular one.
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

// Close ends the stream and its watch.
func (s *stream) Close() error {
	s.close.Do(func() { close(s.closed) })
	return s.ReadCloser.Close()
}
