package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"gamestore.example/deploy/demo"
	"gamestore.example/deploy/standalone"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/process"
	"gamestore.example/pkg/tracing"
)

// options are the flags of everything that opens the store.
type options struct {
	fs    *flag.FlagSet
	log   process.LogConfig
	trace tracing.Config
	store standalone.Config
}

func newOptions(name string) *options {
	o := &options{fs: flag.NewFlagSet(name, flag.ContinueOnError)}
	o.log.RegisterFlags(o.fs)
	o.trace.RegisterFlags(o.fs)
	o.store.RegisterFlags(o.fs)
	process.ConfigFlag(o.fs)
	return o
}

// open parses what ffcli left and opens the store.
func (o *options) open(ctx context.Context, args []string, out io.Writer) (*standalone.Store, error) {
	if err := none(args); err != nil {
		return nil, err
	}
	if err := o.store.Parse(o.fs, nil); err != nil {
		return nil, err
	}
	logger, level := o.log.Open(os.Stderr)
	registry := observe.NewRegistry(version, revision)
	spans, err := tracing.Open(ctx, o.trace, tracing.Options{Version: version, Logger: logger, Registry: registry})
	if err != nil {
		return nil, err
	}
	return standalone.New(ctx, o.store, standalone.Deps{
		Logger: logger, Level: level, Registry: registry, Tracing: spans,
		AnnounceAdmin: func(email, password string) error {
			_, err := fmt.Fprintf(out, "The first admin is %s with the password %s\nIt is shown this once only.\n", email, password)
			return err
		},
	})
}

func runCommand() *ffcli.Command {
	o := newOptions("gamestore")
	return &ffcli.Command{
		Name: "gamestore", ShortUsage: "gamestore [flags] [command]", ShortHelp: "Run the whole store in one process",
		FlagSet: o.fs,
		Exec: func(ctx context.Context, args []string) (err error) {
			store, err := o.open(ctx, args, os.Stdout)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, store.Close()) }()
			return store.Run(ctx)
		},
	}
}

func reindexCommand() *ffcli.Command {
	o := newOptions("gamestore reindex")
	return &ffcli.Command{
		Name: "reindex", ShortUsage: "gamestore reindex [flags]", ShortHelp: "Build the search index anew; the store must be stopped",
		FlagSet: o.fs,
		Exec: func(ctx context.Context, args []string) (err error) {
			o.store.HTTP.Addr = "127.0.0.1:0" // nobody is served
			store, err := o.open(ctx, args, os.Stdout)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, store.Close()) }()
			began := time.Now()
			if err := store.Games().Reindex(ctx); err != nil {
				return err
			}
			fmt.Printf("The index was built anew in %v.\n", time.Since(began).Round(time.Millisecond))
			return nil
		},
	}
}

// demoCommand tells the story on a store of its own in a temporary folder.
func demoCommand() *ffcli.Command {
	o := newOptions("gamestore demo")
	o.log.Level = slog.LevelWarn // the story is what is to be read
	return &ffcli.Command{
		Name: "demo", ShortUsage: "gamestore demo", ShortHelp: "Tell the whole story on a fresh store, then stop it",
		FlagSet: o.fs,
		Exec: func(ctx context.Context, args []string) error {
			folder, err := os.MkdirTemp("", "gamestore-demo-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(folder)
			demo.Settings(&o.store, folder)
			store, err := o.open(ctx, args, io.Discard)
			if err != nil {
				return err
			}
			return demo.Run(ctx, store, os.Stdout)
		},
	}
}
