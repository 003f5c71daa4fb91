// Package app puts the gateway together.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/streadway/handy/breaker"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"gamestore.example/gateway"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/middleware"
)

// Deps is what the process gives the gateway.
type Deps struct {
	Logger   *slog.Logger
	Registry *prometheus.Registry
	// Tracer nil makes no spans.
	Tracer trace.TracerProvider
	// Verifier checks tokens. Nil means one on Keys.
	Verifier middleware.TokenVerifier
	// Keys are the public keys of the tokens. Nil means those behind Config.JWKSURL.
	Keys auth.KeySource
	// Upstreams are the services of the same process, by name; the others are called
	// by the URLs of Config.
	Upstreams map[string]http.Handler
	// Routes is the route table; nil means gateway.Routes.
	Routes []gateway.Route
	// Ready tells whether the process can do its work; nil means that it can.
	Ready func(ctx context.Context) error
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// App is the gateway.
type App struct {
	handler   http.Handler
	transport *http.Transport
	brokers   *brokers
}

// New composes the gateway. It listens nowhere and starts nothing but the
// goroutines of the circuit breakers and the sessions with message brokers, which it
// does not wait for.
func New(_ context.Context, cfg Config, deps Deps) (_ *App, err error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	secure, err := cfg.UpstreamTLS.Config()
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	b := &builder{cfg: cfg, deps: deps.withDefaults(), transport: gateway.NewTransport(), breakers: map[string]breaker.Breaker{}}
	b.transport.TLSClientConfig = secure
	b.brokers = newBrokers(cfg, b.deps.Logger)
	defer func() {
		if err != nil {
			err = errors.Join(err, b.brokers.close())
		}
	}()
	api, err := b.api()
	if err != nil {
		return nil, err
	}
	handler, err := b.edge(api)
	if err != nil {
		return nil, err
	}
	return &App{handler: handler, transport: b.transport, brokers: b.brokers}, nil
}

// Handler is everything that the gateway serves.
func (a *App) Handler() http.Handler { return a.handler }

// Actors are the parts that must run beside the HTTP server: none.
func (a *App) Actors() []lifecycle.Actor { return nil }

// Close gives the connections to the upstreams back. Call it after the server
// has drained.
func (a *App) Close() error {
	a.transport.CloseIdleConnections()
	return a.brokers.close()
}

// builder holds what the parts of one App share.
type builder struct {
	cfg       Config
	deps      Deps
	transport *http.Transport
	brokers   *brokers
	breakers  map[string]breaker.Breaker
}

// api is the route table with the way that each request goes through it.
func (b *builder) api() (*gateway.Router, error) {
	verifier, err := b.verifier()
	if err != nil {
		return nil, err
	}
	upstreams, err := b.upstreams()
	if err != nil {
		return nil, err
	}
	byAddress, err := gateway.NewAddressLimiters(b.cfg.AddressRates)
	if err != nil {
		return nil, err
	}
	byUser, err := gateway.NewUserLimiters(b.cfg.UserRates)
	if err != nil {
		return nil, err
	}
	return gateway.NewRouter(b.deps.Routes, func(route gateway.Route) http.Handler {
		return chain(upstreams[route.Upstream](route),
			byAddress.Limit(route.Class),
			gateway.Authenticate(verifier, route.Access),
			byUser.Limit(route.Class),
			httpserver.LimitBody(route.MaxBody),
			gateway.Break(route.Breaker(), b.breaker(route.Breaker())),
			gateway.Bound(route),
		)
	})
}

// edge is what every request goes through, and what the gateway answers itself.
func (b *builder) edge(api *gateway.Router) (http.Handler, error) {
	proxies, err := gateway.NewProxies(list(b.cfg.TrustedProxies))
	if err != nil {
		return nil, err
	}
	cors, err := gateway.NewCORS(list(b.cfg.CORSOrigins), api)
	if err != nil {
		return nil, err
	}
	metrics, err := httpserver.Metrics(b.metrics())
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	document, err := gateway.Document(users.OpenAPI, games.OpenAPI, payments.OpenAPI)
	if err != nil {
		return nil, err
	}
	ops := httpserver.Ops(b.deps.Registry, b.deps.Ready)
	docs := httpserver.Docs(document)
	own := map[string]http.Handler{
		"/": gateway.Landing(), "/docs": docs, "/openapi.json": docs,
		"/healthz": ops, "/readyz": ops, "/metrics": ops,
	}
	return chain(gateway.Own(own, api),
		httpserver.RequestID,
		httpserver.PublicTracing(b.tracer()), // outside of the log and the metrics, which tell of the trace
		httpserver.AccessLog(b.deps.Logger),
		metrics, // outside of Recover, as the log, so that both see a panic's 500
		httpserver.Recover(b.deps.Logger),
		httpserver.SecurityHeaders,
		cors.Wrap,
		proxies.Identify,
	), nil
}

func (b *builder) verifier() (middleware.TokenVerifier, error) {
	if b.deps.Verifier != nil {
		return b.deps.Verifier, nil
	}
	keys := b.deps.Keys
	if keys == nil {
		var err error
		if keys, err = b.remoteKeys(); err != nil {
			return nil, err
		}
	}
	return auth.NewVerifier(keys, auth.VerifierConfig{Issuer: b.cfg.TokenIssuer, Audience: b.cfg.TokenAudience}, b.deps.Now)
}

// remoteKeys are the keys behind the URL, or those that the users service tells of.
func (b *builder) remoteKeys() (auth.KeySource, error) {
	url, transport := b.cfg.JWKSURL, http.RoundTripper(b.transport)
	switch {
	case url != "":
	case overBroker(b.cfg.Users):
		users, err := b.brokers.link(b.cfg.Users)
		if err != nil {
			return nil, fmt.Errorf("gateway: upstream users: %w", err)
		}
		url, transport = "amqp://users", gateway.KeysOver(users.calls.Service(gateway.Users))
	default:
		url = b.cfg.Users + "/.well-known/jwks.json"
	}
	return auth.NewRemoteKeys(url, &http.Client{Transport: transport}, auth.RemoteKeysConfig{Now: b.deps.Now}), nil
}

// upstreams returns the way to each service.
func (b *builder) upstreams() (map[string]func(gateway.Route) http.Handler, error) {
	calls, err := httpserver.NewCalls(b.metrics(), b.tracer())
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	m := map[string]func(gateway.Route) http.Handler{}
	for _, name := range gateway.Upstreams() {
		way, err := b.upstream(name)
		if err != nil {
			return nil, fmt.Errorf("gateway: upstream %s: %w", name, err)
		}
		m[name] = func(route gateway.Route) http.Handler { return calls.To(name)(way(route)) }
	}
	return m, nil
}

func (b *builder) upstream(name string) (func(gateway.Route) http.Handler, error) {
	if local := b.deps.Upstreams[name]; local != nil {
		return always(gateway.Local(name, local)), nil
	}
	url := *b.cfg.upstream(name)
	if overBroker(url) {
		l, err := b.brokers.link(url)
		if err != nil {
			return nil, err
		}
		return gateway.NewBroker(l.calls.Service(name), l.streams.Service(name), b.cfg.Streams, b.deps.Logger).Handler, nil
	}
	target, err := gateway.ParseUpstream(url)
	if err != nil {
		return nil, err
	}
	return always(gateway.Remote(target, b.transport, b.deps.Logger)), nil
}

func (b *builder) metrics() prometheus.Registerer {
	return prometheus.WrapRegistererWith(prometheus.Labels{"service": "gateway"}, b.deps.Registry)
}

func (b *builder) tracer() trace.Tracer { return b.deps.Tracer.Tracer("gamestore.example/gateway") }

// always is the way of a proxy that does not look at the route.
func always(h http.Handler) func(gateway.Route) http.Handler {
	return func(gateway.Route) http.Handler { return h }
}

// breaker returns the circuit breaker of this name, one for all its routes.
func (b *builder) breaker(name string) breaker.Breaker {
	if b.breakers[name] == nil {
		b.breakers[name] = gateway.NewBreaker(b.cfg.BreakerRatio)
	}
	return b.breakers[name]
}

// chain wraps h: the first wrapper sees the request first.
func chain(h http.Handler, wrappers ...func(http.Handler) http.Handler) http.Handler {
	for i := len(wrappers) - 1; i >= 0; i-- {
		h = wrappers[i](h)
	}
	return h
}

func (d Deps) withDefaults() Deps {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Registry == nil {
		d.Registry = prometheus.NewRegistry()
	}
	if d.Tracer == nil {
		d.Tracer = noop.NewTracerProvider()
	}
	if d.Routes == nil {
		d.Routes = gateway.Routes()
	}
	if d.Ready == nil {
		d.Ready = func(context.Context) error { return nil }
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return d
}
