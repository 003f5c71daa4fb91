package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gamestore.example/games"
)

// pruneEvery is how often old idempotency keys are deleted.
const pruneEvery = 10 * time.Minute

// upkeep asks about purchases that are pending or refunding too long, and deletes what is too
// old to be needed. What fails is tried again at its next time.
type upkeep struct {
	shop   *games.Shop
	every  time.Duration
	logger *slog.Logger
}

func (u *upkeep) run(ctx context.Context) error {
	sweep, prune := time.NewTicker(u.every), time.NewTicker(pruneEvery)
	defer sweep.Stop()
	defer prune.Stop()
	u.do(ctx, "old idempotency keys could not be deleted", u.shop.PruneKeys)
	for {
		u.do(ctx, "purchases that wait could not be asked about", u.shop.SweepUnsettled)
		select {
		case <-ctx.Done():
			return nil
		case <-prune.C:
			u.do(ctx, "old idempotency keys could not be deleted", u.shop.PruneKeys)
		case <-sweep.C:
		}
	}
}

func (u *upkeep) do(ctx context.Context, complaint string, f func(context.Context) (int, error)) {
	if _, err := f(ctx); err != nil && !errors.Is(err, context.Canceled) {
		u.logger.LogAttrs(ctx, slog.LevelWarn, complaint, slog.String("error", err.Error()))
	}
}
