package httpserver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/pkg/httpserver"
)

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

func TestAnAnswerMayBeFreedFromTheTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := serve(t, httpserver.Config{}, everyMiddleware(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			httpserver.Unbound(w)
			select {
			case <-time.After(10 * time.Minute):
				_, _ = io.WriteString(w, "late")
			case <-r.Context().Done():
			}
		})))
		resp, err := r.get(t, "/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); string(body) != "late" {
			t.Errorf("%q, %v", body, err)
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
