package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gamestore.example/users"
)

const (
	// sweepEvery is how often expired sessions are deleted.
	sweepEvery = time.Hour
	// sweepSlice is how many are deleted in one transaction.
	sweepSlice = 500
	// sweepAfter is how long an expired session stays for whoever looks into a
	// complaint.
	sweepAfter = 24 * time.Hour
)

// sweeper deletes sessions that have expired, so that the store does not grow for ever.
type sweeper struct {
	repo   users.Repository
	now    func() time.Time
	logger *slog.Logger
}

func (s *sweeper) run(ctx context.Context) error {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := s.sweep(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.logger.LogAttrs(ctx, slog.LevelWarn, "expired sessions could not be deleted", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// sweep deletes slice by slice, so that nobody waits long for the writer.
func (s *sweeper) sweep(ctx context.Context) error {
	for {
		n, err := s.repo.PruneSessions(ctx, s.now().Add(-sweepAfter), sweepSlice)
		if err != nil || n < sweepSlice {
			return err
		}
	}
}
