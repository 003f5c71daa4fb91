package httpserver_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/httpserver"
)

// pipes is a network without a kernel, so that its clock is the test's.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, errors.New("connection refused")
	}
}

// running is a server with a client, both in the test's bubble.
type running struct {
	*pipes
	client *http.Client
	stop   context.CancelFunc // begins the drain
	ended  chan error
}

func serve(t *testing.T, cfg httpserver.Config, h http.Handler) *running {
	t.Helper()
	r := &running{pipes: newPipes(), ended: make(chan error, 1)}
	transport := &http.Transport{DialContext: r.dial}
	r.client = &http.Client{Transport: transport}
	srv := httpserver.NewOn(cfg, h, slog.New(slog.DiscardHandler), r.pipes)
	ctx, cancel := context.WithCancel(t.Context())
	r.stop = cancel
	go func() { r.ended <- srv.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		transport.CloseIdleConnections()
		synctest.Wait()
	})
	return r
}

func (r *running) get(t *testing.T, path string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://store.example"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.client.Do(req)
}

// end waits for Run and returns how long it took from now.
func (r *running) end(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	return time.Since(begin)
}

// cutAfter returns how long it takes until the server ends the connection, and what
// it said before.
func cutAfter(t *testing.T, c net.Conn) (time.Duration, string) {
	t.Helper()
	begin := time.Now()
	said, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	return time.Since(begin), string(said)
}

func TestSlowClientsAreCutOff(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := httpserver.DecodeJSON[order](r)
		if err != nil {
			httpserver.WriteError(r.Context(), w, err)
			return
		}
		_ = httpserver.WriteJSON(r.Context(), w, 200, v.Name)
	})
	const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
	for _, tc := range []struct {
		name  string
		sends string // then one byte of drip each second
		drip  string
		after time.Duration
		says  string
	}{
		{"silent from the start", "", "", 5 * time.Second, ""},
		{"a header byte by byte", "GET / HTTP/1.1\r\n", "X", 5 * time.Second, ""},
		{"a body byte by byte", head, " ", 15 * time.Second, "body-incomplete"},
		{"a body that stops", head + "{", "", 15 * time.Second, "body-incomplete"},
		{"idle after a request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", 60 * time.Second, "body-required"},
		{"a header that is too long", "GET / HTTP/1.1\r\nX: " + strings.Repeat("a", 32<<10), "", 0, "431"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := serve(t, httpserver.Config{}, echo)
				c, err := r.dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				left := make(chan struct{})
				go func() {
					defer close(left)
					_, err := io.WriteString(c, tc.sends)
					for err == nil && tc.drip != "" {
						time.Sleep(time.Second)
						_, err = io.WriteString(c, tc.drip)
					}
				}()
				took, said := cutAfter(t, c)
				_ = c.Close()
				<-left
				if took < tc.after || took > tc.after+time.Second {
					t.Errorf("cut after %v, want %v", took, tc.after)
				}
				if !strings.Contains(said, tc.says) {
					t.Errorf("it says %q, want %q", said, tc.says)
				}
			})
		})
	}
}

func TestAnAnswerThatTakesTooLongIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := serve(t, httpserver.Config{WriteTimeout: 30 * time.Second}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(time.Minute):
			case <-r.Context().Done():
			}
			_, _ = io.WriteString(w, "late")
		}))
		resp, err := r.get(t, "/")
		if err == nil {
			_ = resp.Body.Close()
			t.Error("the late answer arrived")
		}
	})
}

// events is a stream that sends the time each second until its request ends.
func events(t *testing.T, ended chan<- string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { ended <- context.Cause(r.Context()).Error() }()
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		w.WriteHeader(http.StatusOK)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for n := 1; ; n++ {
			if _, err := fmt.Fprintf(w, "data: %d\n\n", n); err != nil {
				return
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
		}
	})
}

// everyMiddleware is what a service puts around its handlers.
func everyMiddleware(t *testing.T, h http.Handler) http.Handler {
	t.Helper()
	metrics, err := httpserver.Metrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	return wrap(h, httpserver.RequestID, httpserver.AccessLog(logger), metrics, httpserver.Recover(logger), httpserver.SecurityHeaders, httpserver.LimitBody(100))
}

func TestAStreamFlowsThroughEveryMiddlewareAndOutlivesTheTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan string, 1)
		r := serve(t, httpserver.Config{}, everyMiddleware(t, events(t, ended)))
		resp, err := r.get(t, "/events")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		begin := time.Now()
		lines := bufio.NewScanner(resp.Body)
		for n := 1; n <= 180; n++ { // far beyond the write timeout
			if !lines.Scan() || lines.Text() != fmt.Sprintf("data: %d", n) {
				t.Fatalf("event %d: %q, %v", n, lines.Text(), lines.Err())
			}
			if took, want := time.Since(begin), time.Duration(n-1)*time.Second; took != want {
				t.Fatalf("event %d came after %v, want %v: it was buffered", n, took, want)
			}
			lines.Scan() // the empty line
		}
		r.stop() // a stream ends with the drain, without waiting for its bound
		if lines.Scan() || lines.Err() != nil {
			t.Errorf("after the drain began: %q, %v", lines.Text(), lines.Err())
		}
		if took := r.end(t); took > time.Second {
			t.Errorf("the drain took %v", took)
		}
		if got := <-ended; got != context.Canceled.Error() {
			t.Errorf("the request ended with %q", got)
		}
	})
}

func TestAStreamWhoseClientDoesNotReadIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan string, 1)
		r := serve(t, httpserver.Config{WriteTimeout: 30 * time.Second}, everyMiddleware(t, events(t, ended)))
		c, err := r.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		<-ended
		if took := time.Since(begin); took != 30*time.Second {
			t.Errorf("cut off after %v, want 30s", took)
		}
	})
}

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
