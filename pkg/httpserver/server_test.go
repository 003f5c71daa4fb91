package httpserver_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/httpserver"
)

func TestRequestsInFlightEndBeforeTheServerDoes(t *testing.T) {
	for _, tc := range []struct {
		name   string
		takes  time.Duration
		delay  time.Duration
		served bool
		took   time.Duration
	}{
		{"quick enough", 8 * time.Second, 0, true, 8 * time.Second},
		{"too slow", time.Hour, 0, false, 10 * time.Second},
		{"with a delay before", 8 * time.Second, 5 * time.Second, true, 8 * time.Second},
		{"too slow, with a delay before", time.Hour, 5 * time.Second, false, 15 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := make(chan struct{})
				r := serve(t, httpserver.Config{DrainDelay: tc.delay, WriteTimeout: time.Minute}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					close(begun)
					select {
					case <-time.After(tc.takes):
						_, _ = io.WriteString(w, "done")
					case <-r.Context().Done():
					}
				}))
				got := make(chan error, 1)
				go func() {
					resp, err := r.get(t, "/")
					if err == nil {
						_, err = io.ReadAll(resp.Body)
						_ = resp.Body.Close()
					}
					got <- err
				}()
				<-begun
				r.stop()
				if took := r.end(t); took < tc.took || took > tc.took+time.Second { // Shutdown polls
					t.Errorf("the drain took %v, want %v", took, tc.took)
				}
				if err := <-got; (err == nil) != tc.served {
					t.Errorf("the request in flight: %v", err)
				}
			})
		})
	}
}

func TestTheServerServesOnWhileItIsDrainingAndNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told <-chan struct{}
		h := http.NewServeMux()
		h.Handle("/", httpserver.Ops(nil, nil))
		h.HandleFunc("/work", func(_ http.ResponseWriter, r *http.Request) { told = httpserver.Draining(r.Context()) })
		r := serve(t, httpserver.Config{DrainDelay: 5 * time.Second}, h)
		status := func(path string) int {
			resp, err := r.get(t, path)
			if err != nil {
				return 0
			}
			_ = resp.Body.Close()
			return resp.StatusCode
		}
		if status("/readyz") != 200 || status("/work") != 200 {
			t.Error("not ready before the signal")
		}
		select {
		case <-told:
			t.Error("draining before the signal")
		default:
		}
		r.stop()
		synctest.Wait()
		<-told
		if ready, alive, work := status("/readyz"), status("/healthz"), status("/work"); ready != 503 || alive != 200 || work != 200 {
			t.Errorf("while draining: ready %d, alive %d, work %d", ready, alive, work)
		}
		r.end(t)
		if got := status("/work"); got != 0 {
			t.Errorf("after the end: %d", got)
		}
	})
}

func TestTheRealAddressIsKnownAndLogged(t *testing.T) {
	var log bytes.Buffer
	srv, err := httpserver.New(httpserver.Config{Addr: "127.0.0.1:0"}, httpserver.NotFound(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if _, port, err := net.SplitHostPort(srv.Addr()); err != nil || port == "0" {
		t.Errorf("address %q: %v", srv.Addr(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if _, err := httpserver.New(httpserver.Config{Addr: srv.Addr()}, nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("the same port can be had twice")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "addr="+srv.Addr()) {
		t.Errorf("no addr in the log: %s", &log)
	}
}

func TestAServerThatNeverRanCanBeClosed(t *testing.T) {
	srv, err := httpserver.New(httpserver.Config{Addr: "127.0.0.1:0"}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	srv.Close()
	srv.Close()
	again, err := httpserver.New(httpserver.Config{Addr: srv.Addr()}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("its port is still taken: %v", err)
	}
	again.Close()
}

func TestFlagsBeginWithTheDefaults(t *testing.T) {
	var cfg httpserver.Config
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	cfg.RegisterFlags(fs, "http.")
	if diff := cmp.Diff(httpserver.DefaultConfig(), cfg); diff != "" {
		t.Error(diff)
	}
	if err := fs.Parse([]string{"-http.addr", ":0", "-http.max-body", "7", "-http.drain-delay", "5s"}); err != nil {
		t.Fatal(err)
	}
	if cfg.Addr != ":0" || cfg.MaxBody != 7 || cfg.DrainDelay != 5*time.Second {
		t.Errorf("got %+v", cfg)
	}
}
