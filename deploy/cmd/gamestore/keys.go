package main

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/process"
)

func keysCommand() *ffcli.Command {
	return &ffcli.Command{
		Name: "keys", ShortUsage: "gamestore keys rotate [flags]", ShortHelp: "Work on the keys that sign access tokens",
		FlagSet:     flag.NewFlagSet("gamestore keys", flag.ContinueOnError),
		Subcommands: []*ffcli.Command{rotateCommand()},
		Exec:        func(context.Context, []string) error { return flag.ErrHelp },
	}
}

// rotateCommand works beside a running store, which sees the new key within a second.
func rotateCommand() *ffcli.Command {
	fs := flag.NewFlagSet("gamestore keys rotate", flag.ContinueOnError)
	data := fs.String("data", "data", "`folder` of everything the store keeps")
	dir := fs.String("users.keys.dir", "", "`folder` of the keys; empty means keys in the data folder")
	process.ConfigFlag(fs)
	return &ffcli.Command{
		Name: "rotate", ShortUsage: "gamestore keys rotate [flags]", FlagSet: fs,
		ShortHelp: "Publish a new key, which signs once everybody can know it; the old one stays until its tokens have expired",
		Exec: func(ctx context.Context, args []string) error {
			if err := none(args); err != nil {
				return err
			}
			if err := process.Parse(fs, nil); err != nil {
				return err
			}
			if *dir == "" {
				*dir = filepath.Join(*data, "keys")
			}
			ring, err := auth.OpenKeyring(*dir, time.Now)
			if err != nil {
				return err
			}
			if err := ring.Rotate(ctx); err != nil {
				return err
			}
			fmt.Println("A new key is published and will sign soon.")
			return nil
		},
	}
}
