// Command gamestore runs the whole store in one process, and holds the operator's
// commands on its data folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/peterbourgon/ff/v3/ffcli"

	"gamestore.example/deploy/operate"
	"gamestore.example/pkg/lifecycle"
)

// Set by the linker.
var version, revision = "dev", "unknown" //nolint:gochecknoglobals // the linker needs variables

func main() {
	lifecycle.TuneMemory()
	err := newCommand().ParseAndRun(context.Background(), os.Args[1:])
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "gamestore:", err)
	os.Exit(1)
}

func newCommand() *ffcli.Command {
	root := runCommand()
	root.Subcommands = []*ffcli.Command{demoCommand(), reindexCommand(), keysCommand(), versionCommand()}
	root.Subcommands = append(root.Subcommands, operate.Commands(os.Stdout)...)
	return root
}

func versionCommand() *ffcli.Command {
	return &ffcli.Command{
		Name: "version", ShortUsage: "gamestore version", ShortHelp: "Print the version",
		Exec: func(context.Context, []string) error {
			fmt.Println(version, revision)
			return nil
		},
	}
}

// none refuses arguments that a command does not take.
func none(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unknown argument %q; see gamestore -h", args[0])
	}
	return nil
}
