// Command gateway runs the gateway as a process of its own, in front of services
// that listen elsewhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"gamestore.example/gateway/app"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/process"
	"gamestore.example/pkg/tracing"
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
		cfg    app.Config
		log    process.LogConfig
		traces tracing.Config
		// The routes bound their bodies, and their refusals carry the request id: the
		// server's own bound is only a backstop.
		web = httpserver.Config{MaxBody: 64 << 20}
		fs  = flag.NewFlagSet("gateway", flag.ContinueOnError)
	)
	log.RegisterFlags(fs)
	traces.RegisterFlags(fs)
	cfg.BrokerTLS.RegisterFlags(fs, "bus.tls.", "RabbitMQ")
	fs.StringVar(&cfg.Broker, "bus.url", "", "RabbitMQ of the upstreams that are just amqp:, as amqp://user:password@host:5672/vhost")
	cfg.RegisterFlags(fs, "gateway.")
	web.RegisterFlags(fs, "http.")
	if err := process.Parse(fs, args); err != nil {
		return err
	}
	base, level := log.Open(os.Stderr)
	logger, registry := base.With("service", "gateway"), observe.NewRegistry(version, revision)
	ctx := context.Background()
	spans, err := tracing.Open(ctx, traces, tracing.Options{Version: version, Logger: logger, Registry: registry})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, spans.Close()) }()
	gateway, err := app.New(ctx, cfg, app.Deps{Logger: logger, Registry: registry, Tracer: spans.PublicProvider("gateway")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, gateway.Close()) }()
	server, err := httpserver.New(web, gateway.Handler(), logger)
	if err != nil {
		return err
	}
	actors := append([]lifecycle.Actor{{Name: "http", Run: server.Run}}, gateway.Actors()...)
	actors = append(actors, process.LevelActor(logger, level))
	return lifecycle.Run(ctx, logger, actors...)
}
