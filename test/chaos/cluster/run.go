package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"gamestore.example/deploy/up"
	"gamestore.example/test/chaos/crowd"
	"gamestore.example/test/chaos/oracle"
	"gamestore.example/test/chaos/report"
)

// Config says what a run does.
type Config struct {
	Programs Programs
	// Dir keeps data and logs.
	Dir string
	// Faults is how many there are, Seed which and when.
	Faults int
	Seed   uint64
	// Lanes is how many stores, each with its broker and clients, are broken at the same time.
	Lanes int
	Choice
	// Args are more flags for the programs, by name.
	Args map[string][]string
}

// Run does the faults and returns what came of them. The error is of the run itself:
// what the store did wrong is in the report.
func Run(ctx context.Context, cfg Config) (*report.Report, error) {
	sum := report.New(cfg.Seed, []string{"At the point", "Accepted meanwhile"}, cfg.Kinds()...)
	lanes := make([][]Fault, min(max(1, cfg.Lanes), max(1, cfg.Faults)))
	for i, f := range Plan(cfg.Faults, cfg.Seed, cfg.Choice) {
		lanes[i%len(lanes)] = append(lanes[i%len(lanes)], f)
	}
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for i, faults := range lanes {
		group.Go(func() error {
			return withLane(ctx, cfg, i+1, sum, func(l *lane) error { return l.run(ctx, faults) })
		})
	}
	err := group.Wait()
	sum.Took = time.Since(began)
	return sum, err
}

// args are the flags of one store. Every other one packs events.
func (c Config) args(number int) map[string][]string {
	all := map[string][]string{}
	for _, name := range []string{up.Users, up.Games, up.Payments} {
		if all[name] = slices.Clone(c.Args[name]); number%2 == 0 {
			all[name] = append(all[name], "-bus.pack", "16")
		}
	}
	return all
}

// withLane opens a store with a crowd, and closes it after do.
func withLane(ctx context.Context, cfg Config, number int, sum *report.Report, do func(l *lane) error) (err error) {
	name := fmt.Sprintf("cluster%d", number)
	dir := filepath.Join(cfg.Dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(cfg.Dir, name+".log"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if cfg.Mount {
		unmount, err := mount(filepath.Join(dir, "data"))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, unmount()) }()
	}
	c, err := crowd.New(name, cfg.Seed, uint64(number)) //nolint:gosec // from 1
	if err != nil {
		return err
	}
	store, err := Open(ctx, cfg.Programs, dir, log, cfg.args(number))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := do(&lane{Store: store, crowd: c, sum: sum, found: sum.Once(), dir: dir}); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// run does the faults one after the other, then ends everything in order.
func (l *lane) run(ctx context.Context, faults []Fault) error {
	for _, f := range faults {
		if err := l.round(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
	}
	return l.end(ctx, Fault{Kind: "SIGTERM at the end"})
}

// end stops all processes in order, and audits what they leave.
func (l *lane) end(ctx context.Context, f Fault) error {
	s, err := l.snapshot(ctx)
	if err != nil {
		return err
	}
	found := s.Found
	for _, name := range services() {
		if err := l.Stop(name); err != nil {
			l.report(f, CheckDrain, "%v", err)
		}
	}
	if s, err = l.Folder.Snapshot(ctx); err != nil {
		return err
	}
	if s.Journal, err = l.Broker.journal(ctx); err != nil {
		return err
	}
	s.AtRest, s.Found, s.Told = true, found, l.crowd.Notes.Told()
	l.found(f.Kind, f, append(oracle.Audit(s), l.crowd.Notes.TakeOdd()...)...)
	l.complain(f)
	keys, err := l.Broker.unrouted(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		l.report(f, CheckRouted, "%s went nowhere", key)
	}
	l.sum.Sum(s)
	return nil
}
