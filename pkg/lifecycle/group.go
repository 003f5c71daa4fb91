package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/oklog/run"
)

// Group runs actors as Run does, with a bound and signals of your choice.
type Group struct {
	// Logger gets a line for each actor that stops; nil logs nothing.
	Logger *slog.Logger
	// Drain bounds the stop of all actors together; 0 means DefaultDrain. When it
	// is over, the actors not yet told to stop are told so all at once and have a
	// tenth of it to obey.
	Drain time.Duration
	// Signals stop the group; with none it listens to none. After the first signal
	// their default action is back, so that the next one kills the process,
	// whatever hangs in it.
	Signals []os.Signal
}

// ErrHangs says that actors did not stop in time; the error names them.
var ErrHangs = errors.New("lifecycle: actors did not stop in time")

var errEarly = errors.New("stopped though nobody asked it to")

// Run runs actors until ctx ends or one of them returns, then stops them in
// order. Its error joins the first cause and whatever went wrong while stopping,
// each under the name of its actor, and ErrHangs for those that did not stop.
// After ErrHangs their goroutines still run: the caller should end the process.
func (g Group) Run(ctx context.Context, actors ...Actor) error {
	if g.Logger == nil {
		g.Logger = slog.New(slog.DiscardHandler)
	}
	if g.Drain <= 0 {
		g.Drain = DefaultDrain
	}
	d := &drain{bound: g.Drain, logger: g.Logger, over: make(chan struct{}), giveUp: make(chan struct{})}
	wait, interrupt := g.listen() // before any actor does something
	var group run.Group
	group.Add(run.ContextHandler(ctx)) // first: its own stop takes no time
	for _, a := range actors {
		p := d.start(context.WithoutCancel(ctx), a)
		group.Add(func() error { return d.wait(p) }, func(error) { d.stop(p) })
	}
	group.Add(wait, interrupt) // last: it still takes a first signal while the actors stop
	_ = group.Run()            // the cause is among the errors of the parts
	return d.result()
}

// listen returns an actor of the run group that ends at the first signal, after it
// has restored the signals' default action.
func (g Group) listen() (wait func() error, interrupt func(error)) {
	came, over := make(chan os.Signal, 1), make(chan struct{})
	if len(g.Signals) > 0 {
		signal.Notify(came, g.Signals...)
	}
	wait = func() error {
		defer signal.Stop(came)
		select {
		case s := <-came:
			g.Logger.Info("stopping", "signal", s.String())
		case <-over:
		}
		return nil
	}
	return wait, func(error) { close(over) }
}

// part is one actor at work.
type part struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{} // closed after its Run returned
}

// drain stops the parts one after the other.
type drain struct {
	bound  time.Duration
	logger *slog.Logger
	parts  []*part

	mu     sync.Mutex
	errs   []error // in the order they came
	timers []*time.Timer

	over   chan struct{} // closed when the bound is over
	giveUp chan struct{} // closed when nobody waits any longer
}

func (d *drain) start(ctx context.Context, a Actor) *part {
	ctx, cancel := context.WithCancel(ctx)
	p := &part{name: a.Name, cancel: cancel, done: make(chan struct{})}
	d.parts = append(d.parts, p)
	go func() {
		defer close(p.done)
		d.ended(ctx, p, a.Run(ctx))
	}()
	return p
}

// ended records how a part ended. Its own context's end is what it was asked for.
func (d *drain) ended(ctx context.Context, p *part, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		err = nil
	case ctx.Err() == nil && err == nil && d.timers == nil:
		err = errEarly
	}
	if err != nil {
		d.errs = append(d.errs, fmt.Errorf("%s: %w", p.name, err))
		d.logger.ErrorContext(ctx, "stopped with an error", "actor", p.name, "error", err.Error())
		return
	}
	d.logger.InfoContext(ctx, "stopped", "actor", p.name)
}

// wait is the part's own execution in the run group.
func (d *drain) wait(p *part) error {
	select {
	case <-p.done:
	case <-d.giveUp:
	}
	return nil
}

// stop tells one part to stop and waits for it while there is time. The run
// group calls it for one part after the other.
func (d *drain) stop(p *part) {
	d.begin()
	p.cancel()
	select {
	case <-p.done:
	case <-d.over:
	}
}

func (d *drain) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timers != nil {
		return
	}
	d.timers = []*time.Timer{
		time.AfterFunc(d.bound, func() { close(d.over) }),
		time.AfterFunc(d.bound+d.bound/10, func() { close(d.giveUp) }),
	}
}

func (d *drain) result() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.timers {
		t.Stop()
	}
	var hanging []string
	for _, p := range d.parts {
		select {
		case <-p.done:
		default:
			hanging = append(hanging, p.name)
		}
	}
	if hanging != nil {
		d.errs = append(d.errs, fmt.Errorf("%w (%v): %s", ErrHangs, d.bound, strings.Join(hanging, ", ")))
		d.logger.Error("gave up waiting", "actors", hanging)
	}
	return errors.Join(d.errs...)
}
