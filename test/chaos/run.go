package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"gamestore.example/deploy/catalogue"
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
func Run(ctx context.Context, cfg Config) (*Report, error) {
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

func runLane(ctx context.Context, cfg Config, number int, kills []Kill, report *Report) error {
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
	l.report, l.count, l.stopped = report.findOnce(), report.count, report.sum
	if err := l.run(ctx, kills); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// newLane returns a lane with its clients, whose will follows from the seed.
func newLane(cfg Config, name string, stream uint64) (*lane, error) {
	sold, err := catalogue.Games()
	if err != nil {
		return nil, err
	}
	l := &lane{program: cfg.Program, folder: folder{filepath.Join(cfg.Dir, name)}, notes: newNotebook()}
	var ids []string
	for _, g := range sold {
		ids = append(ids, g.ID)
	}
	const streams = 100 // of one lane
	for i := range shoppers {
		l.shoppers = append(l.shoppers, &shopper{
			name: fmt.Sprintf("%s-shopper%d", name, i+1), dice: dice(cfg.Seed, stream*streams+uint64(i)), //nolint:gosec // small
			notes: l.notes, games: ids,
		})
	}
	l.editor = &editor{dice: dice(cfg.Seed, stream*streams+streams-1), notes: l.notes, games: ids}
	return l, nil
}
