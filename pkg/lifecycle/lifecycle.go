// Package lifecycle starts the parts of a process together and stops them in order.
//
// The order is the list's: the first actor is told to stop first, and is waited
// for before the next one is told. Put what takes work in before what does
// it: HTTP server, consumers, workers, relay, stores.
package lifecycle

import (
	"context"
	"log/slog"
	"os"
	"syscall"
	"time"
)

// Actor is a part that runs until its context ends. A nil error after that is
// a clean stop; returning earlier stops the whole process.
type Actor struct {
	Name string
	Run  func(ctx context.Context) error
}

// DefaultDrain is how long all actors together have to stop.
const DefaultDrain = 20 * time.Second

// Run runs actors until SIGTERM, SIGINT, the end of ctx, or the return of one of
// them, then stops them in order. It returns nil after a clean stop that was
// asked for. A second signal ends the process at once.
func Run(ctx context.Context, logger *slog.Logger, actors ...Actor) error {
	return Group{Logger: logger, Signals: []os.Signal{os.Interrupt, syscall.SIGTERM}}.Run(ctx, actors...)
}
