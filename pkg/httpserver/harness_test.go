package httpserver_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/pkg/httpserver"
)

// pipes is a network without a kernel, so that its clock is the test's.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, errors.New("connection refused")
	}
}

// running is a server with a client, both in the test's bubble.
type running struct {
	*pipes
	client *http.Client
	stop   context.CancelFunc // begins the drain
	ended  chan struct{}      // closed when Run has returned err
	err    error
}

func serve(t *testing.T, cfg httpserver.Config, h http.Handler) *running {
	t.Helper()
	r := &running{pipes: newPipes(), ended: make(chan struct{})}
	transport := &http.Transport{DialContext: r.dial}
	r.client = &http.Client{Transport: transport}
	srv := httpserver.NewOn(cfg, h, slog.New(slog.DiscardHandler), r.pipes)
	ctx, cancel := context.WithCancel(t.Context())
	r.stop = cancel
	go func() {
		defer close(r.ended)
		r.err = srv.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		transport.CloseIdleConnections()
		<-r.ended
		synctest.Wait()
	})
	return r
}

func (r *running) get(t *testing.T, path string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://store.example"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.client.Do(req)
}

// end waits for Run and returns how long it took from now.
func (r *running) end(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	<-r.ended
	if r.err != nil {
		t.Error(r.err)
	}
	return time.Since(begin)
}

// cutAfter returns how long it takes until the server ends the connection, and what
// it said before.
func cutAfter(t *testing.T, c net.Conn) (time.Duration, string) {
	t.Helper()
	begin := time.Now()
	said, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	return time.Since(begin), string(said)
}
