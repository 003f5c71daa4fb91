package app

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"gamestore.example/pkg/outbox"
)

// Config is what the service can be told from outside.
type Config struct {
	// Outbox says how events leave the store.
	Outbox outbox.RelayConfig
	// DSN is where games and purchases are stored: "sqlite:<path>", or "memory" to
	// forget them.
	DSN string
	// Search is where the index is: "bleve:<folder>", or "memory".
	Search string
	// Seed is a JSON file with the games that an empty store begins with; empty
	// means none. ReadCatalogue says what is in it.
	Seed string
	// RefundWindow is how long after completion a refund may be asked for.
	RefundWindow time.Duration
	// SweepAfter is how long a purchase may stay pending before payments is asked
	// again; the wait doubles each time, up to SweepMax. SweepEvery is how often
	// such purchases are looked for.
	SweepAfter, SweepMax, SweepEvery time.Duration
}

// Defaults returns the configuration that needs no other.
func Defaults() Config {
	return Config{
		Outbox:       outbox.RelayConfig{Name: "games"},
		DSN:          "sqlite:data/games.db",
		Search:       "bleve:data/games.bleve",
		RefundWindow: 14 * 24 * time.Hour,
		SweepAfter:   30 * time.Second,
		SweepMax:     10 * time.Minute,
		SweepEvery:   5 * time.Second,
	}
}

// RegisterFlags sets c to the defaults and adds its flags under the prefix, such
// as "games.".
func (c *Config) RegisterFlags(fs *flag.FlagSet, prefix string) {
	*c = Defaults()
	c.Outbox.RegisterFlags(fs, prefix+"outbox.")
	fs.StringVar(&c.DSN, prefix+"db.dsn", c.DSN, "where games and purchases are stored: sqlite:`path`, or memory")
	fs.StringVar(&c.Search, prefix+"search", c.Search, "where the search index is: bleve:`folder`, or memory")
	fs.StringVar(&c.Seed, prefix+"seed", c.Seed, "JSON `file` with the games that an empty store begins with")
	fs.DurationVar(&c.RefundWindow, prefix+"refund.window", c.RefundWindow, "how long after completion a refund may be asked for")
	fs.DurationVar(&c.SweepAfter, prefix+"sweep.after", c.SweepAfter, "how long a purchase may be pending before payments is asked again")
	fs.DurationVar(&c.SweepMax, prefix+"sweep.max", c.SweepMax, "longest wait between two questions about a pending purchase")
	fs.DurationVar(&c.SweepEvery, prefix+"sweep.every", c.SweepEvery, "how often pending purchases are looked for")
}

// The kinds of stores and indexes.
const (
	inMemory     = "memory"
	sqlitePrefix = "sqlite:"
	blevePrefix  = "bleve:"
)

// validate checks what the parts do not check themselves.
func (c Config) validate() error {
	if c.DSN != inMemory && path(c.DSN, sqlitePrefix) == "" {
		return fmt.Errorf("games: the store %q: want memory or sqlite:<path>", c.DSN)
	}
	if c.Search != inMemory && path(c.Search, blevePrefix) == "" {
		return fmt.Errorf("games: the search index %q: want memory or bleve:<folder>", c.Search)
	}
	for name, d := range map[string]time.Duration{
		"refund window": c.RefundWindow, "bound of pending purchases": c.SweepAfter, "longest wait between questions": c.SweepMax, "sweep interval": c.SweepEvery,
	} {
		if d <= 0 {
			return fmt.Errorf("games: the %s is %v: want more than 0", name, d)
		}
	}
	return nil
}

// path returns what follows the prefix, or "".
func path(dsn, prefix string) string {
	p, ok := strings.CutPrefix(dsn, prefix)
	if !ok {
		return ""
	}
	return p
}
