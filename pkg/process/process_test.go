package process_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// app is a service that only tells when it runs.
type app struct{ running, closed chan struct{} }

func (app) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the API") })
}
func (app) Subscriptions() []bus.Subscription { return nil }
func (a app) Actors() []lifecycle.Actor {
	return []lifecycle.Actor{{Name: "tell", Run: func(ctx context.Context) error {
		close(a.running)
		<-ctx.Done()
		return nil
	}}}
}
func (app) Ready(context.Context) error { return nil }
func (a app) Close() error              { close(a.closed); return nil }

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// patience bounds every wait of a test: long, because a machine may stall.
const patience = 2 * time.Minute

// run runs the service with args until the test ends, and checks that it ends clean.
func run(t *testing.T, spec process.Spec, args ...string) {
	t.Helper()
	a := app{running: make(chan struct{}), closed: make(chan struct{})}
	spec.Name = "example"
	spec.RegisterFlags = func(*flag.FlagSet) {}
	spec.Build = func(context.Context, process.Runtime) (process.App, error) { return a, nil }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- process.Run(ctx, spec, append([]string{"-bus.journal", "", "-log.level", "error"}, args...))
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the process ended with %v", err)
		}
		<-a.closed
	})
	select {
	case <-a.running:
	case err := <-ended:
		t.Fatalf("the process ended with %v", err)
	case <-time.After(patience):
		t.Fatal("the process does not run")
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestWhatAProcessServes(t *testing.T) {
	for name, tc := range map[string]struct {
		spec process.Spec
		args []string
		api  int
	}{
		"a service":                   {process.Spec{}, nil, http.StatusOK},
		"a service that could work":   {process.Spec{CanWork: true}, nil, http.StatusOK},
		"what only works has no API":  {process.Spec{OnlyWorks: true}, nil, http.StatusNotFound},
		"a worker has probes, no API": {process.Spec{CanWork: true}, []string{"-worker"}, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			addr := freeAddr(t)
			run(t, tc.spec, append(tc.args, "-http.addr", addr)...)
			for path, want := range map[string]int{
				"/api/anything": tc.api, "/healthz": http.StatusOK, "/readyz": http.StatusOK, "/metrics": http.StatusOK,
			} {
				if got, body := get(t, "http://"+addr+path); got != want {
					t.Errorf("%s: %d %s, want %d", path, got, body, want)
				}
			}
		})
	}
}

func TestAWorkerWithoutAnAddressListensNowhere(t *testing.T) {
	addr := freeAddr(t)
	run(t, process.Spec{CanWork: true, Addr: addr}, "-worker", "-http.addr", "")
	if status, body := get(t, "http://"+addr+"/healthz"); status != 0 {
		t.Errorf("it listens: %d %s", status, body)
	}
}

func TestWhatOnlyWorksNeedsNoAddress(t *testing.T) {
	addr := freeAddr(t)
	run(t, process.Spec{OnlyWorks: true, Addr: addr}, "-http.addr", "")
	if status, body := get(t, "http://"+addr+"/healthz"); status != 0 {
		t.Errorf("it listens: %d %s", status, body)
	}
}

func TestOnlyAServiceThatCanWorkHasTheFlag(t *testing.T) {
	err := process.Run(t.Context(), process.Spec{Name: "example", RegisterFlags: func(*flag.FlagSet) {}}, []string{"-worker"})
	if err == nil || !strings.Contains(err.Error(), "worker") {
		t.Errorf("got %v", err)
	}
}
