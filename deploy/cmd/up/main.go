// Command up runs the store as separate processes around RabbitMQ until it is told to
// stop.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"gamestore.example/deploy/up"
	"gamestore.example/pkg/process"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "up:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var cfg up.Config
	fs := flag.NewFlagSet("up", flag.ContinueOnError)
	cfg.RegisterFlags(fs, filepath.Dir(self)) // the programs are built side by side
	if err := process.Parse(fs, args); err != nil {
		return err
	}
	// A second signal changes nothing: the programs have their own bound to stop within.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return up.Run(ctx, cfg, os.Stdout)
}
