package operate

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"
)

// Commands returns the operator's commands. They print to out.
func Commands(out io.Writer) []*ffcli.Command {
	return []*ffcli.Command{deadCommand(out), outboxCommand(out), purchaseCommand(out)}
}

// action is one command: its flags, and what they say.
type action struct {
	fs     *flag.FlagSet
	places places
	print  printer
}

func newAction(name string, out io.Writer) *action {
	a := &action{fs: flag.NewFlagSet("gamestore "+name, flag.ContinueOnError), print: printer{out: out, format: asTable}}
	a.places.registerFlags(a.fs)
	a.fs.Var(&a.print.format, "o", "`format` of the output: table or json")
	return a
}

// command makes the command of an action that takes the named arguments.
func (a *action) command(name, help string, run func(ctx context.Context, args []string) error, arguments ...string) *ffcli.Command {
	usage := strings.Join(append([]string{a.fs.Name(), "[flags]"}, arguments...), " ")
	return &ffcli.Command{
		Name: name, ShortUsage: usage, ShortHelp: help, FlagSet: a.fs,
		Exec: func(ctx context.Context, args []string) error {
			args, err := a.arguments(args, len(arguments))
			if err != nil {
				return fmt.Errorf("%w; usage: %s", err, usage)
			}
			if err := a.places.parse(a.fs); err != nil {
				return err
			}
			return run(ctx, args)
		},
	}
}

// arguments returns exactly n arguments. Flags may come after them, too.
func (a *action) arguments(args []string, n int) ([]string, error) {
	var found []string
	for len(args) > 0 {
		found = append(found, args[0])
		if err := a.fs.Parse(args[1:]); err != nil {
			return nil, err
		}
		args = a.fs.Args()
	}
	if len(found) != n {
		return nil, fmt.Errorf("got %d arguments, want %d", len(found), n)
	}
	return found, nil
}

// group is a command that only has others below it.
func group(name, help string, below ...*ffcli.Command) *ffcli.Command {
	return &ffcli.Command{
		Name: name, ShortUsage: "gamestore " + name + " <command> [flags]", ShortHelp: help, Subcommands: below,
		FlagSet: flag.NewFlagSet("gamestore "+name, flag.ContinueOnError),
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q; see gamestore %s -h", args[0], name)
			}
			return flag.ErrHelp
		},
	}
}
