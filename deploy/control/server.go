package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/httpserver"
)

const (
	socketName = "control.sock"
	pathReplay = "/dead-letters/replay"
	pathDrop   = "/dead-letters/drop"
	// callTimeout bounds one call on both sides.
	callTimeout = 10 * time.Second
)

// letter names a dead letter.
type letter struct {
	Queue string `json:"queue"`
	ID    string `json:"id"`
}

// Server is the socket of a running store.
type Server struct {
	listener net.Listener
	http     *http.Server
}

// Listen opens the socket in a data folder, which the caller has locked: a socket that
// is there already is of a store that was killed.
func Listen(ctx context.Context, dir string, dead bus.DeadLetters, logger *slog.Logger) (*Server, error) {
	path := filepath.Join(dir, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+pathReplay, handle(dead.Replay))
	mux.Handle("POST "+pathDrop, handle(dead.Drop))
	return &Server{listener: l, http: &http.Server{
		Handler:     httpserver.LimitBody(httpserver.DefaultMaxBody)(mux),
		ReadTimeout: callTimeout, WriteTimeout: callTimeout,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}}, nil
}

func handle(do func(ctx context.Context, queue, messageID string) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		l, err := httpserver.DecodeJSON[letter](r)
		if err == nil {
			err = do(ctx, l.Queue, l.ID)
		}
		if err != nil {
			httpserver.WriteError(ctx, w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// Run serves until ctx ends, then finishes what is under way. Run it once.
func (s *Server) Run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("control socket: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	err := s.http.Shutdown(drain)
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

// Close removes the socket. It is also for a server that never ran.
func (s *Server) Close() error {
	err := s.http.Close()
	// Serve has closed it, unless it never ran.
	if e := s.listener.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
		err = errors.Join(err, e)
	}
	return err
}
