package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"github.com/peterbourgon/ff/v3/ffcli"

	"gamestore.example/pkg/bus"
)

func deadCommand(out io.Writer) *ffcli.Command {
	return group("dlq", "Look into dead letters, put them back or drop them",
		listCommand(out), showCommand(out), replayCommand(out), dropCommand(out))
}

func listCommand(out io.Writer) *ffcli.Command {
	a := newAction("dlq list", out)
	limit := a.fs.Int("limit", 100, "most dead letters to list, the oldest first")
	return a.command("list", "List dead letters, the oldest first", func(ctx context.Context, _ []string) error {
		// One more, to know whether there are more.
		letters, err := a.places.letters(ctx, min(max(*limit, 0), math.MaxInt32-1)+1)
		if err != nil {
			return err
		}
		more := len(letters) > *limit
		return printLetters(a.print, letters[:min(len(letters), max(*limit, 0))], more)
	})
}

func showCommand(out io.Writer) *ffcli.Command {
	a := newAction("dlq show", out)
	return a.command("show", "Show one dead letter with its headers and its body", func(ctx context.Context, args []string) error {
		letters, err := a.places.letters(ctx, everything)
		if err != nil {
			return err
		}
		for _, l := range letters {
			if l.Queue == args[0] && l.Message.ID == args[1] {
				return printLetter(a.print, l)
			}
		}
		return noLetter(args[0], args[1])
	}, "QUEUE", "ID")
}

func replayCommand(out io.Writer) *ffcli.Command {
	a := newAction("dlq replay", out)
	all := a.fs.Bool("all", false, "replay all dead letters")
	queue := a.fs.String("queue", "", "with -all: only those of this `queue`")
	one := a.command("replay", "Put dead letters back into their queue: one, or -all", nil, "QUEUE", "ID")
	one.ShortUsage = "gamestore dlq replay [flags] QUEUE ID | gamestore dlq replay -all [-queue QUEUE]"
	one.Exec = func(ctx context.Context, args []string) error {
		found, err := a.arguments(args, 2)
		if len(args) == 0 && *all {
			found, err = nil, nil
		} else if err == nil && (*all || *queue != "") {
			err = errors.New("-all and -queue take no QUEUE and ID")
		}
		if err != nil {
			return fmt.Errorf("%w; usage: %s", err, one.ShortUsage)
		}
		if err := a.places.parse(a.fs); err != nil {
			return err
		}
		if found == nil {
			return a.replayAll(ctx, *queue)
		}
		return a.change(ctx, replayed, letterName{found[0], found[1]})
	}
	return one
}

func dropCommand(out io.Writer) *ffcli.Command {
	a := newAction("dlq drop", out)
	yes := a.fs.Bool("yes", false, "really: a dropped message is gone for good")
	return a.command("drop", "Delete one dead letter for good", func(ctx context.Context, args []string) error {
		if !*yes {
			return fmt.Errorf("a dropped message is gone for good: add -yes to drop %s of %s; gamestore dlq show shows it", id(args[1]), args[0])
		}
		return a.change(ctx, dropped, letterName{args[0], args[1]})
	}, "QUEUE", "ID")
}

// letterName names a dead letter.
type letterName struct {
	Queue string `json:"queue"`
	ID    string `json:"id"`
}

// The changes.
const (
	replayed = "replayed"
	dropped  = "dropped"
)

// changed is what a change did, as JSON.
type changed struct {
	Action  string       `json:"action"`
	Letters []letterName `json:"letters"`
	// Delivered is "now", or "at-start" of a store that is stopped.
	Delivered string `json:"delivered,omitempty"`
}

func (a *action) replayAll(ctx context.Context, queue string) error {
	letters, err := a.places.letters(ctx, everything)
	if err != nil {
		return err
	}
	var names []letterName
	for _, l := range letters {
		if queue == "" || l.Queue == queue {
			names = append(names, letterName{l.Queue, l.Message.ID})
		}
	}
	return a.change(ctx, replayed, names...)
}

// change replays or drops letters. What it did before an error is told, too.
func (a *action) change(ctx context.Context, what string, names ...letterName) (err error) {
	w, err := a.places.changeLetters(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	do := w.replay
	result := changed{Action: what, Letters: []letterName{}}
	if what == dropped {
		do = w.drop
	} else {
		result.Delivered = w.delivered
	}
	var failed error
	for _, n := range names {
		failed = do(ctx, n.Queue, n.ID)
		if errors.Is(failed, bus.ErrNoDeadLetter) {
			if failed = noLetter(n.Queue, n.ID); len(names) > 1 {
				failed = nil // somebody else was quicker
				continue
			}
		}
		if failed != nil {
			break
		}
		result.Letters = append(result.Letters, n)
	}
	if failed != nil && len(result.Letters) == 0 {
		return failed
	}
	return errors.Join(a.printChanged(result), failed)
}

func (a *action) printChanged(c changed) error {
	if done, err := a.print.json(c); done {
		return err
	}
	words := count(len(c.Letters), "dead letter was", "dead letters were") + " " + c.Action
	if c.Delivered == atStart && len(c.Letters) > 0 {
		words += "; the store is stopped, and delivers when it starts"
	}
	return a.print.say("%s.", words)
}

func noLetter(queue, messageID string) error {
	return fmt.Errorf("there is no dead letter %s of the queue %q; gamestore dlq list lists them", id(escape(messageID, false)), queue)
}

// journal is the file of the embedded bus.
func (p *places) journal() string { return filepath.Join(p.data, "bus.db") }
