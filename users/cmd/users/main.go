// Command users runs the users service as a process of its own. Its bus is the
// embedded one, which reaches nobody outside of the process.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/peterbourgon/ff/v3"

	"gamestore.example/pkg/bus/memory"
	bussqlite "gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/sqldb"
	"gamestore.example/users/app"
)

// Set by the linker.
var version, revision = "dev", "unknown" //nolint:gochecknoglobals // the linker needs variables

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "users:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	var (
		cfg   app.Config
		level slog.Level
		// The handler bounds bodies, and its refusals carry the request id: the
		// server's own bound is only a backstop.
		web    = httpserver.Config{Addr: "127.0.0.1:8081", MaxBody: 64 << 20}
		fs     = flag.NewFlagSet("users", flag.ContinueOnError)
		format = fs.String("log.format", "json", "json or text")
		busDB  = fs.String("bus.db", "data/users-bus.db", "SQLite `file` of the embedded bus")
		_      = fs.String("config", "", "`file` with a flag and its value on each line")
	)
	fs.TextVar(&level, "log.level", slog.LevelInfo, "debug, info, warn or error")
	cfg.RegisterFlags(fs, "users.")
	web.RegisterFlags(fs, "http.")
	if err := ff.Parse(fs, args, ff.WithEnvVars(), ff.WithConfigFileFlag("config"), ff.WithConfigFileParser(ff.PlainParser)); err != nil {
		return err
	}
	logger := observe.NewLogger(os.Stderr, level, *format).With("service", "users")
	registry := observe.NewRegistry(version, revision)
	db, err := sqldb.OpenSQLite(ctx, *busDB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := bussqlite.Migrate(ctx, db); err != nil {
		return err
	}
	events := memory.New(memory.WithJournal(bussqlite.NewJournal(db)), memory.WithLogger(logger), memory.WithRegistry(registry))
	svc, err := app.New(ctx, cfg, app.Deps{Logger: logger, Registry: registry, Bus: events, AnnounceAdmin: announce})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, svc.Close()) }()
	return serve(ctx, web, svc, events, logger)
}
