package process

import (
	"context"
	"log/slog"
	"os"
	"os/signal"

	"gamestore.example/pkg/lifecycle"
)

// levelStep is between two levels of slog.
const levelStep = slog.LevelInfo - slog.LevelDebug

// LevelActor changes the log's level while the process runs: SIGUSR1 makes it one level
// more talkative, up to debug, and SIGUSR2 one level quieter, down to error. Where there
// are no such signals, it does nothing.
func LevelActor(logger *slog.Logger, level *slog.LevelVar) lifecycle.Actor {
	more, less := levelSignals()
	// From now on: until somebody listens, these signals end a process.
	came := make(chan os.Signal, 4)
	if more != nil {
		signal.Notify(came, more, less)
	}
	return lifecycle.Actor{Name: "log-level", Run: func(ctx context.Context) error {
		defer signal.Stop(came)
		for {
			select {
			case <-ctx.Done():
				return nil
			case s := <-came:
				step := levelStep
				if s == more {
					step = -levelStep
				}
				changed := min(max(level.Level()+step, slog.LevelDebug), slog.LevelError)
				level.Set(changed)
				logger.Log(ctx, changed, "the log's level is changed", "level_now", changed.String())
			}
		}
	}}
}
