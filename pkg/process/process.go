// Package process runs one service as a process of its own: flags, log, metrics, bus,
// HTTP server, consumers, and an orderly end. What the service is made of is its
// own app's matter.
package process

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/peterbourgon/ff/v3"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/observed"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/tracing"
)

// App is a composed service.
type App interface {
	// Handler serves the API.
	Handler() http.Handler
	// Subscriptions are the queues to consume.
	Subscriptions() []bus.Subscription
	// Actors run beside the server and the consumers, and stop after them.
	Actors() []lifecycle.Actor
	// Ready tells whether the service's own store answers.
	Ready(ctx context.Context) error
	// Close frees what the service opened, after everything has stopped.
	Close() error
}

// Runtime is what a process gives its App.
type Runtime struct {
	Logger   *slog.Logger
	Registry *prometheus.Registry
	Tracer   trace.TracerProvider
	Bus      bus.Bus
	// Broker is how to reach the broker, for who calls other services over it. Its URL
	// is empty when the bus is the embedded one.
	Broker rabbit.Config

	around *observed.Observer
	level  lifecycle.Actor
}

// Spec is a service to run.
type Spec struct {
	// Name is the service's name, such as "games".
	Name string
	// Addr is where it listens unless told otherwise, such as 127.0.0.1:8082.
	Addr string
	// Version and Revision are of the build.
	Version, Revision string
	// OnlyWorks says that there is no API, as with -worker.
	OnlyWorks bool
	// CanWork adds the flag -worker, for a service that is of use without its API.
	CanWork bool
	// RegisterFlags adds the service's own flags.
	RegisterFlags func(fs *flag.FlagSet)
	// Build composes the service after the flags are parsed.
	Build func(ctx context.Context, r Runtime) (App, error)
}

// Main runs the service until a signal comes, and returns the exit status.
func Main(s Spec) int {
	lifecycle.TuneMemory()
	err := Run(context.Background(), s, os.Args[1:])
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", s.Name, err)
	return 1
}

// Run parses args, where a flag goes before its variable in the environment and that
// before the config file, and runs the service until ctx ends or a signal comes.
func Run(ctx context.Context, s Spec, args []string) (err error) {
	var (
		fs     = flag.NewFlagSet(s.Name, flag.ContinueOnError)
		log    LogConfig
		events BusConfig
		traces tracing.Config
		// Edge bounds bodies, and its refusals carry the request id: the server's own
		// bound is only a backstop.
		web = httpserver.Config{Addr: s.Addr, MaxBody: 64 << 20}
	)
	log.RegisterFlags(fs)
	traces.RegisterFlags(fs)
	events.RegisterFlags(fs, s.Name)
	web.RegisterFlags(fs, "http.")
	worker := registerWorker(fs, s)
	s.RegisterFlags(fs)
	if err := Parse(fs, args); err != nil {
		return err
	}
	logger, level := log.Open(os.Stderr)
	r := Runtime{Logger: logger.With("service", s.Name), Registry: observe.NewRegistry(s.Version, s.Revision)}
	r.level = LevelActor(r.Logger, level)
	closeTracing, err := r.openTracing(ctx, s, traces)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeTracing()) }()
	r.Broker = events.client(s.Name, r.Logger)
	var closeBus func() error
	if r.Bus, closeBus, err = events.Open(ctx, s.Name, r.Logger, r.Registry); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeBus()) }()
	app, err := build(ctx, s, &r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	if *worker || s.OnlyWorks {
		app = withoutAPI{app}
	}
	return serve(ctx, s.Name, web, app, r)
}

// build composes the service with its side of the bus observed.
func build(ctx context.Context, s Spec, r *Runtime) (App, error) {
	o, err := r.observer(s.Name)
	if err != nil {
		return nil, err
	}
	r.around = o
	given := *r
	given.Bus = observedBus{Bus: r.Bus, publisher: o.Publisher(r.Bus)}
	return s.Build(ctx, given)
}

// serve starts everything: what takes work in stops first.
func serve(ctx context.Context, name string, web httpserver.Config, app App, r Runtime) error {
	var actors []lifecycle.Actor
	if !silent(app, web) {
		handler, err := Edge(name, app, r)
		if err != nil {
			return err
		}
		server, err := httpserver.New(web, handler, r.Logger)
		if err != nil {
			return err
		}
		defer server.Close() // for what fails before it runs
		actors = append(actors, lifecycle.Actor{Name: "http", Run: server.Run})
	}
	actors = append(actors, answering(name, app, r)...)
	consumers := NewConsumers(r.Bus, r.Logger, r.around.Subscriptions(app.Subscriptions())...)
	if err := consumers.Declare(ctx); err != nil {
		return err
	}
	actors = append(append(actors, consumers.Actor()), app.Actors()...)
	actors = append(actors, r.level)
	return lifecycle.Run(ctx, r.Logger, actors...)
}

// Edge puts around the API of a service what every process of one has: the operators'
// endpoints, request ids, spans, the access log, metrics.
func Edge(name string, app App, r Runtime) (http.Handler, error) {
	metrics, err := httpserver.Metrics(prometheus.WrapRegistererWith(prometheus.Labels{"service": name}, r.Registry))
	if err != nil {
		return nil, err
	}
	ops := httpserver.Ops(r.Registry, app.Ready)
	api := app.Handler()
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/healthz", "/readyz", "/metrics":
			ops.ServeHTTP(w, req)
		default:
			api.ServeHTTP(w, req)
		}
	})
	// The last is the outermost. The log and the metrics stand outside of Recover, so
	// that they see the answer to a panic.
	for _, wrap := range []func(http.Handler) http.Handler{
		httpserver.LimitBody(httpserver.DefaultMaxBody),
		httpserver.SecurityHeaders,
		httpserver.Recover(r.Logger),
		metrics,
		httpserver.AccessLog(r.Logger),
		httpserver.Tracing(r.Tracer.Tracer("gamestore.example/" + name)),
		httpserver.RequestID,
	} {
		h = wrap(h)
	}
	return h, nil
}

// Parse reads flags, then variables of the environment, then the file of -config, a
// flag and its value on each line.
func Parse(fs *flag.FlagSet, args []string) error {
	ConfigFlag(fs)
	return ff.Parse(fs, args, ff.WithEnvVars(), ff.WithConfigFileFlag("config"), ff.WithConfigFileParser(ff.PlainParser))
}

// ConfigFlag adds the flag -config, unless it is there: for those who parse the
// command line before they call Parse.
func ConfigFlag(fs *flag.FlagSet) {
	if fs.Lookup("config") == nil {
		fs.String("config", "", "`file` with a flag and its value on each line")
	}
}
