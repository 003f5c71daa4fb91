package httpserver

import (
	"log/slog"
	"net"
	"net/http"
)

// NewOn is New on a listener of the test, such as one of pipes.
func NewOn(cfg Config, h http.Handler, logger *slog.Logger, listener net.Listener) *Server {
	return newServer(cfg.withDefaults(), h, logger, listener)
}
