package chaos

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"gamestore.example/deploy/catalogue"
	"gamestore.example/test/chaos/oracle"
)

const (
	firstStep    = 15 * time.Millisecond // between two kills from outside
	firstSteps   = 16                    // a start takes about as long as all of them
	firstCommits = 6                     // of a first start, and of the first events
	firstBound   = 2 * time.Second       // for a point to be hit after the start
)

// FirstStarts kills the very first start of stores, each on an empty folder and a
// little later than the one before, by time and by commit. What the next start makes
// of it must be a whole store: it has the catalogue, the admin can log in, and the audit
// finds nothing. It returns how many starts were killed, and what must not be.
func FirstStarts(ctx context.Context, cfg Config, log io.Writer) (killed int, findings []string, err error) {
	report := newReport(cfg)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, cfg.Lanes))
	for _, k := range firstKills() {
		group.Go(func() error {
			l, err := newLane(cfg, fmt.Sprintf("first%d", k.Number), 0)
			if err != nil {
				return err
			}
			l.log, l.found, l.sum = log, report.Once(), report
			if err := l.first(ctx, k); err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
			return nil
		})
	}
	err = group.Wait()
	return len(firstKills()), report.Findings, err
}

func firstKills() []Kill {
	var kills []Kill
	add := func(k Kill) {
		k.Number = len(kills) + 1
		kills = append(kills, k)
	}
	for i := range firstSteps {
		add(Kill{Name: OutsideStart, After: time.Duration(i+1) * firstStep})
	}
	for i := range firstCommits {
		add(Kill{Name: "sqldb.before-commit", Hit: i + 1})
		add(Kill{Name: "sqldb.after-commit", Hit: i + 1})
	}
	return kills
}

// first kills the first start, then starts the store again and stops it cleanly.
func (l *lane) first(ctx context.Context, k Kill) error {
	if err := l.firstDeath(ctx, k); err != nil {
		return err
	}
	seeds, err := catalogue.Games()
	if err != nil {
		return err
	}
	for _, g := range seeds {
		l.crowd.Notes.Game(oracle.Game{ID: g.ID, Name: g.Name, Description: g.Description, Category: g.Category, Price: g.Price, Version: 1})
	}
	return l.cleanStop(ctx, false)
}

func (l *lane) firstDeath(ctx context.Context, k Kill) error {
	p, err := launch(ctx, l.program, l.folder.Path, k.fault(), l.log)
	if err != nil {
		return err
	}
	defer p.close()
	defer p.Kill()
	bound := k.After
	if k.Hit > 0 {
		bound = firstBound
	}
	if err := wait(ctx, p, bound); err != nil {
		return err
	}
	p.Kill()
	return l.bury(ctx, p, k)
}
