// Package welcome puts the welcome of new users together, as a worker of its own or as
// a part of a process that has the users service as well.
package welcome

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/middleware"
	"gamestore.example/users"
	"gamestore.example/users/adapter/log"
	"gamestore.example/users/adapter/smtp"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/amqpapi"
)

// askWithin bounds the question how to reach somebody.
const askWithin = 10 * time.Second

// Deps is what the process gives the welcome.
type Deps struct {
	// Logger nil logs nothing; Registry nil registers nothing; Tracer nil makes no spans.
	Logger   *slog.Logger
	Registry *prometheus.Registry
	Tracer   trace.TracerProvider
	// Contacts is the users service in the same process. Nil asks it over Broker.
	Contacts users.Contacts
	Broker   rabbit.Config
	// Now is the clock; nil means time.Now.
	Now func() time.Time
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
	if d.Now == nil {
		d.Now = time.Now
	}
	return d
}

// App is the welcome. It stores nothing.
type App struct {
	set    endpoints.Welcome
	client *rabbit.Client // nil in one process with the users service
}

// New composes the welcome from the inside out. Close the App to end its session with
// the broker.
func New(cfg Config, deps Deps) (_ *App, err error) {
	deps = deps.withDefaults()
	if err := cfg.validate(deps.Contacts == nil); err != nil {
		return nil, err
	}
	notifier, err := newNotifier(cfg, deps)
	if err != nil {
		return nil, err
	}
	wrap, err := middleware.Standard("welcome", deps.Tracer, prometheus.WrapRegistererWith(prometheus.Labels{"service": "welcome"}, deps.Registry), deps.Logger)
	if err != nil {
		return nil, err
	}
	a := &App{}
	if deps.Contacts == nil {
		if deps.Broker.URL == "" {
			return nil, errors.New("welcome: -bus.url is required: new users and how to reach them come over RabbitMQ")
		}
		if a.client, err = rabbit.NewClient(deps.Broker); err != nil {
			return nil, err
		}
		deps.Contacts = remote{contacts: amqpapi.NewContactsClient(a.client.Service("users")), token: cfg.ServiceToken}
	}
	svc, err := users.NewReception(deps.Contacts, notifier)
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.set = endpoints.NewWelcome(svc, wrap)
	return a, nil
}

func newNotifier(cfg Config, deps Deps) (users.Notifier, error) {
	if cfg.Notifier == SMTP {
		return smtp.NewNotifier(cfg.SMTP, deps.Now)
	}
	return log.NewNotifier(deps.Logger)
}

// remote asks the users service with a service's token.
type remote struct {
	contacts users.Contacts
	token    string
}

func (r remote) Contact(ctx context.Context, q users.GetContact) (users.Contact, error) {
	ctx, cancel := context.WithTimeout(auth.WithToken(ctx, r.token), askWithin)
	defer cancel()
	return r.contacts.Contact(ctx, q)
}

// Handler serves nothing: the welcome has no API.
func (a *App) Handler() http.Handler { return httpserver.NotFound() }

// Subscriptions are the queues to consume.
func (a *App) Subscriptions() []bus.Subscription {
	return []bus.Subscription{amqpapi.WelcomeSubscription(a.set)}
}

// Actors are none.
func (a *App) Actors() []lifecycle.Actor { return nil }

// Ready is always nil: the welcome has no store of its own.
func (a *App) Ready(context.Context) error { return nil }

// Close ends the session with the broker. Call it after the consumers have stopped.
func (a *App) Close() error {
	if a.client == nil {
		return nil
	}
	return a.client.Close()
}
