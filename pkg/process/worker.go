package process

import (
	"flag"
	"net/http"

	"gamestore.example/pkg/httpserver"
)

// registerWorker adds the flag -worker, if the service can work without its API.
func registerWorker(fs *flag.FlagSet, s Spec) *bool {
	worker := new(bool)
	if s.CanWork {
		fs.BoolVar(worker, "worker", false, "serve no API, only probes and metrics, and nothing at all if -http.addr is empty")
	}
	return worker
}

// withoutAPI is a service that works for the bus alone.
type withoutAPI struct{ App }

// Handler serves nothing; the probes and the metrics are the process's own.
func (withoutAPI) Handler() http.Handler { return httpserver.NotFound() }

// silent reports whether the process is not to listen at all. A service with an
// API always listens.
func silent(app App, web httpserver.Config) bool {
	_, worker := app.(withoutAPI)
	return worker && web.Addr == ""
}
