// Command games runs the games service as a process of its own. Its bus is the
// embedded one, which reaches nobody outside of the process.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/peterbourgon/ff/v3"

	"gamestore.example/games/app"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus/memory"
	bussqlite "gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/sqldb"
)

// Set by the linker.
var version, revision = "dev", "unknown" //nolint:gochecknoglobals // the linker needs variables

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "games:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	var (
		cfg   app.Config
		level slog.Level
		// The handler bounds bodies, and its refusals carry the request id: the
		// server's own bound is only a backstop.
		web    = httpserver.Config{Addr: "127.0.0.1:8082", MaxBody: 64 << 20}
		tokens = auth.VerifierConfig{Leeway: 30 * time.Second}
		fs     = flag.NewFlagSet("games", flag.ContinueOnError)
		format = fs.String("log.format", "json", "json or text")
		busDB  = fs.String("bus.db", "data/games-bus.db", "SQLite `file` of the embedded bus")
		jwks   = fs.String("auth.jwks", "http://127.0.0.1:8081/.well-known/jwks.json", "`URL` of the keys that sign access tokens")
		_      = fs.String("config", "", "`file` with a flag and its value on each line")
	)
	fs.TextVar(&level, "log.level", slog.LevelInfo, "debug, info, warn or error")
	fs.StringVar(&tokens.Issuer, "auth.issuer", "gamestore", "issuer of access tokens")
	fs.StringVar(&tokens.Audience, "auth.audience", "gamestore", "audience of access tokens")
	cfg.RegisterFlags(fs, "games.")
	web.RegisterFlags(fs, "http.")
	if err := ff.Parse(fs, args, ff.WithEnvVars(), ff.WithConfigFileFlag("config"), ff.WithConfigFileParser(ff.PlainParser)); err != nil {
		return err
	}
	logger := observe.NewLogger(os.Stderr, level, *format).With("service", "games")
	registry := observe.NewRegistry(version, revision)
	verifier, err := auth.NewVerifier(auth.NewRemoteKeys(*jwks, httpserver.NewClient(), auth.RemoteKeysConfig{}), tokens, time.Now)
	if err != nil {
		return err
	}
	db, err := sqldb.OpenSQLite(ctx, *busDB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := bussqlite.Migrate(ctx, db); err != nil {
		return err
	}
	events := memory.New(memory.WithJournal(bussqlite.NewJournal(db)), memory.WithLogger(logger), memory.WithRegistry(registry))
	svc, err := app.New(ctx, cfg, app.Deps{Logger: logger, Registry: registry, Bus: events, Verifier: verifier})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, svc.Close()) }()
	return serve(ctx, web, svc, events, logger)
}
