package httpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Server is an HTTP server that listens from the start and ends in order.
type Server struct {
	cfg      Config
	logger   *slog.Logger
	listener net.Listener
	http     *http.Server
	draining context.Context    // ends when the server is told to stop
	drain    context.CancelFunc // ends it
	cancel   context.CancelFunc // ends the context of all requests
}

type drainingKey struct{}

// New listens at cfg.Addr at once, so that a taken port is an error here and Addr is
// real before Run serves. Bodies are bounded by cfg.MaxBody.
//
// An answer of type text/event-stream is a stream: WriteTimeout bounds each of its
// writes instead of all of it, and its request's context ends when the
// server begins to drain.
func New(cfg Config, h http.Handler, logger *slog.Logger) (*Server, error) {
	cfg = cfg.withDefaults()
	secure, err := cfg.TLS.Config()
	if err != nil {
		return nil, fmt.Errorf("httpserver: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("httpserver: %w", err)
	}
	s := newServer(cfg, h, logger, listener)
	s.http.TLSConfig = secure
	return s, nil
}

func newServer(cfg Config, h http.Handler, logger *slog.Logger, listener net.Listener) *Server {
	s := &Server{cfg: cfg, logger: logger, listener: listener}
	s.draining, s.drain = context.WithCancel(context.Background())
	base, cancel := context.WithCancel(context.WithValue(context.Background(), drainingKey{}, s.draining))
	s.cancel = cancel
	s.http = &http.Server{
		Handler:           streams(cfg.WriteTimeout, LimitBody(cfg.MaxBody)(h)),
		ReadHeaderTimeout: cfg.ReadHeaderTimeout,
		ReadTimeout:       cfg.ReadTimeout,
		WriteTimeout:      cfg.WriteTimeout,
		IdleTimeout:       cfg.IdleTimeout,
		MaxHeaderBytes:    cfg.MaxHeader,
		BaseContext:       func(net.Listener) context.Context { return base },
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){}, // the limits are those of HTTP/1.1
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	return s
}

// Addr is the address that the server listens at.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Draining returns what is closed when the server of this request is told to stop.
// For a context that is not of a Server it is nil, which never is.
func Draining(ctx context.Context) <-chan struct{} {
	if d, ok := ctx.Value(drainingKey{}).(context.Context); ok {
		return d.Done()
	}
	return nil
}

// Run serves until ctx ends. Then it closes Draining, serves on for the drain delay,
// stops accepting, gives the requests in flight the drain timeout to end, and cuts
// off the rest. It returns nil after a clean stop. Run it once.
func (s *Server) Run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.serve() }()
	s.logger.LogAttrs(ctx, slog.LevelInfo, "listening", slog.String("addr", s.Addr()))
	select {
	case err := <-served:
		s.Close()
		return fmt.Errorf("httpserver: %w", err)
	case <-ctx.Done():
	}
	s.drain()
	s.wait(ctx, served)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.DrainTimeout)
	defer cancel()
	err := s.http.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		s.logger.LogAttrs(ctx, slog.LevelWarn, "requests did not end in time and are cut off", slog.Duration("drain_timeout", s.cfg.DrainTimeout))
		err = nil
	}
	s.Close()
	if err != nil {
		return fmt.Errorf("httpserver: %w", err)
	}
	return nil
}

// serve accepts until the server is closed.
func (s *Server) serve() error {
	if s.http.TLSConfig == nil {
		return s.http.Serve(s.listener)
	}
	return s.http.ServeTLS(s.listener, "", "")
}

// wait lets the drain delay pass, unless serving ends before.
func (s *Server) wait(ctx context.Context, served <-chan error) {
	if s.cfg.DrainDelay <= 0 {
		return
	}
	s.logger.LogAttrs(ctx, slog.LevelInfo, "draining", slog.Duration("delay", s.cfg.DrainDelay))
	timer := time.NewTimer(s.cfg.DrainDelay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-served: //nolint:errcheck // Run looks at the end of serving
	}
}

// Close ends everything at once: requests in flight are cancelled and cut off. It is
// for a server that never ran; Run closes by itself. Closing twice is fine.
func (s *Server) Close() {
	s.drain()
	s.cancel()
	_ = s.http.Close()
	_ = s.listener.Close()
}
