// Command gateway runs the gateway as a process of its own, in front of services
// that listen elsewhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/peterbourgon/ff/v3"

	"gamestore.example/gateway/app"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/observe"
)

// Set by the linker.
var version, revision = "dev", "unknown" //nolint:gochecknoglobals // the linker needs variables

func main() {
	lifecycle.TuneMemory()
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

func run(args []string) (err error) {
	var (
		cfg   app.Config
		level slog.Level
		// The routes bound their bodies, and their refusals carry the request id: the
		// server's own bound is only a backstop.
		web    = httpserver.Config{MaxBody: 64 << 20}
		fs     = flag.NewFlagSet("gateway", flag.ContinueOnError)
		format = fs.String("log.format", "json", "json or text")
		_      = fs.String("config", "", "`file` with a flag and its value on each line")
	)
	fs.TextVar(&level, "log.level", slog.LevelInfo, "debug, info, warn or error")
	fs.StringVar(&cfg.Broker, "bus.url", "", "RabbitMQ of the upstreams that are just amqp:, as amqp://user:password@host:5672/vhost")
	cfg.RegisterFlags(fs, "gateway.")
	web.RegisterFlags(fs, "http.")
	if err := ff.Parse(fs, args, ff.WithEnvVars(), ff.WithConfigFileFlag("config"), ff.WithConfigFileParser(ff.PlainParser)); err != nil {
		return err
	}
	logger := observe.NewLogger(os.Stderr, level, *format).With("service", "gateway")
	ctx := context.Background()
	gateway, err := app.New(ctx, cfg, app.Deps{Logger: logger, Registry: observe.NewRegistry(version, revision)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, gateway.Close()) }()
	server, err := httpserver.New(web, gateway.Handler(), logger)
	if err != nil {
		return err
	}
	actors := append([]lifecycle.Actor{{Name: "http", Run: server.Run}}, gateway.Actors()...)
	return lifecycle.Run(ctx, logger, actors...)
}
