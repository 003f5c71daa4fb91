package process

import (
	"context"

	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/rpc"
)

// Answerer is an App that answers requests over the broker as well. A worker without an
// API does not.
type Answerer interface {
	// RPC serves them.
	RPC() rpc.Handler
}

// server is a bus that carries requests; the embedded one, which reaches nobody
// outside of the process, does not.
type server interface {
	Serve(ctx context.Context, service string, h rpc.Handler) error
}

// answering returns the actor that answers requests, if the app and the bus can.
func answering(name string, app App, r Runtime) []lifecycle.Actor {
	a, answers := app.(Answerer)
	s, carries := r.Bus.(server)
	if !answers || !carries {
		return nil
	}
	handler := rpc.Traced(r.Tracer.Tracer("gamestore.example/"+name), a.RPC())
	return []lifecycle.Actor{{Name: "rpc", Run: func(ctx context.Context) error { return s.Serve(ctx, name, handler) }}}
}
