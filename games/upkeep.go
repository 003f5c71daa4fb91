package games

import (
	"context"
	"time"
)

// Sizes of the slices in which upkeep works, so that no transaction gets long.
const (
	askSlice   = 100
	pruneSlice = 1000
)

// SweepUnsettled asks the payments service again about every purchase that is
// pending or refunding too long, and returns how many that were. Nothing fails by it.
func (s *Shop) SweepUnsettled(ctx context.Context) (int, error) {
	total, now := 0, s.now()
	for {
		n, err := s.repo.AskUnsettled(ctx, now, askSlice, func(p Purchase) Change {
			c := p.Ask(now.Add(s.askDelay(p.Asked+1)), now)
			c.Events = s.withIDs(c.Events)
			return c
		})
		for range n {
			s.meter.Purchase("asked_again")
		}
		total += n
		if err != nil || n < askSlice {
			return total, err
		}
	}
}

// askDelay is how long to wait after the nth question: it doubles up to a bound.
func (s *Shop) askDelay(n int) time.Duration {
	d := s.cfg.AskAfter
	for range n {
		if d *= 2; d >= s.cfg.MaxAskDelay {
			return max(s.cfg.MaxAskDelay, s.cfg.AskAfter)
		}
	}
	return d
}

// PruneKeys deletes the idempotency keys that no longer count, and returns how
// many that were.
func (s *Shop) PruneKeys(ctx context.Context) (int, error) {
	total, before := 0, s.now().Add(-IdempotencyTTL)
	for {
		n, err := s.repo.PruneKeys(ctx, before, pruneSlice)
		total += n
		if err != nil || n < pruneSlice {
			return total, err
		}
	}
}
