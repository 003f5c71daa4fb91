package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"gamestore.example/test/chaos/crowd"
	"gamestore.example/test/chaos/oracle"
	"gamestore.example/test/chaos/report"
)

// Config says what a run does.
type Config struct {
	// Program is the store, as Build made it.
	Program string
	// Dir keeps the data folders and logs.
	Dir string
	// Kills is how many kills there are, Seed where and when they come.
	Kills int
	Seed  uint64
	// Lanes is how many data folders, each with a store and clients of its own, are
	// worked on at the same time. While one waits for a lease to run out, another kills.
	Lanes int
}

// Run makes the kills and returns what came of them. The error is of the run
// itself: what the store did wrong is in the report.
func Run(ctx context.Context, cfg Config) (*report.Report, error) {
	report := newReport(cfg)
	lanes := make([][]Kill, min(max(1, cfg.Lanes), max(1, cfg.Kills)))
	for i, k := range Plan(cfg.Kills, cfg.Seed) {
		lanes[i%len(lanes)] = append(lanes[i%len(lanes)], k)
	}
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for i, kills := range lanes {
		group.Go(func() error { return runLane(ctx, cfg, i+1, kills, report) })
	}
	err := group.Wait()
	report.Took = time.Since(began)
	return report, err
}

func runLane(ctx context.Context, cfg Config, number int, kills []Kill, report *report.Report) error {
	name := fmt.Sprintf("lane%d", number)
	log, err := os.Create(filepath.Join(cfg.Dir, name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	l, err := newLane(cfg, name, uint64(number)) //nolint:gosec // from 1
	if err != nil {
		return err
	}
	l.log = log
	l.found, l.sum = report.Once(), report
	if err := l.run(ctx, kills); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// newLane returns a lane with its clients, whose will follows from the seed.
func newLane(cfg Config, name string, stream uint64) (*lane, error) {
	c, err := crowd.New(name, cfg.Seed, stream)
	if err != nil {
		return nil, err
	}
	return &lane{program: cfg.Program, folder: oracle.Folder{Path: filepath.Join(cfg.Dir, name)}, crowd: c}, nil
}

func newReport(cfg Config) *report.Report {
	var kinds []string
	for _, p := range Points() {
		kinds = append(kinds, p.Name)
	}
	r := report.New(cfg.Seed, []string{"At the point", "From outside", "Early"}, append(kinds, OutsideStart, OutsideLoad, OutsideDrain, CleanStop)...)
	r.Apart = CleanStop // it is no kill
	return r
}
