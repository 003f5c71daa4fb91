package standalone

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/observed"
	"gamestore.example/pkg/httpserver"
)

// observe makes what is around each app's side of the bus. Each app reports under its own
// name, as if it were a process of its own.
func (s *Store) observe() error {
	s.around = map[string]*observed.Observer{}
	for _, service := range []string{"users", "games", "payments", "welcome"} {
		reg := prometheus.WrapRegistererWith(prometheus.Labels{"service": service}, s.deps.Registry)
		o, err := observed.New(s.deps.Tracing.Provider(service), reg, observed.Embedded)
		if err != nil {
			return err
		}
		s.around[service] = o
	}
	return nil
}

// publisher is what a service publishes to.
func (s *Store) publisher(service string) bus.Publisher { return s.around[service].Publisher(s.bus) }

// subscriptions are the queues of all apps. The name of a queue begins with its owner's.
func (s *Store) subscriptions() []bus.Subscription {
	var all []bus.Subscription
	for _, app := range s.services() {
		for _, sub := range app.Subscriptions() {
			owner, _, _ := strings.Cut(sub.Queue.Name, ".")
			if o := s.around[owner]; o != nil {
				sub = o.Subscriptions([]bus.Subscription{sub})[0]
			}
			all = append(all, sub)
		}
	}
	return all
}

// traced is the API of a service with its own SERVER spans, if there are spans at all:
// the gateway calls it in this process, where nothing else would make them.
func (s *Store) traced(service string, api http.Handler) http.Handler {
	if !s.deps.Tracing.On() {
		return api
	}
	return httpserver.Tracing(s.deps.Tracing.Provider(service).Tracer("gamestore.example/" + service))(api)
}
