package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gamestore.example/deploy/standalone"
)

// latency is how long the simulated provider takes: long enough to see a purchase pending.
const latency = 300 * time.Millisecond

// Settings makes a store in folder fit to be shown: free port, quiet log, a
// provider that can be watched.
func Settings(c *standalone.Config, folder string) {
	c.Data = folder
	c.HTTP.Addr = "127.0.0.1:0"
	c.Payments.Latency = latency
}

// Run starts the store, tells the story to it and stops it.
func Run(ctx context.Context, store *standalone.Store, out io.Writer) (err error) {
	defer func() { err = errors.Join(err, store.Close()) }()
	running, stop := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- store.Run(running) }()
	fmt.Fprintln(out, "A fresh store is running.")
	err = Tell(ctx, "http://"+store.Addr(), out)
	stop()
	err = errors.Join(err, <-stopped)
	if err == nil {
		fmt.Fprintln(out, "\nThe store has stopped.")
	}
	return err
}
