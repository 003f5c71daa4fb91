package process

import (
	"flag"
	"io"
	"log/slog"

	"gamestore.example/pkg/observe"
)

// LogConfig says how a process logs.
type LogConfig struct {
	Level  slog.Level
	Format string
}

// RegisterFlags adds -log.level and -log.format.
func (c *LogConfig) RegisterFlags(fs *flag.FlagSet) {
	fs.TextVar(&c.Level, "log.level", slog.LevelInfo, "debug, info, warn or error")
	fs.StringVar(&c.Format, "log.format", "json", "json or text")
}

// New returns the logger.
func (c *LogConfig) New(w io.Writer) *slog.Logger { return observe.NewLogger(w, c.Level, c.Format) }

// Open returns the logger, and its level, which can be changed while it is used.
func (c *LogConfig) Open(w io.Writer) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	level.Set(c.Level)
	return observe.NewLogger(w, level, c.Format), level
}
