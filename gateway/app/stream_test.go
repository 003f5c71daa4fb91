package app_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"gamestore.example/gateway"
	"gamestore.example/gateway/app"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/httpserver"
)

const eventsPath = "/api/purchases/p-1/events"

// source is an upstream that streams what it is given, and tells when its
// request has ended.
type source struct {
	events chan string
	ended  chan error
}

func newSource() *source { return &source{events: make(chan string), ended: make(chan error, 1)} }

func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() { s.ended <- context.Cause(r.Context()) }()
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w).Flush
	if err := flush(); err != nil {
		panic(err)
	}
	for {
		select {
		case event, ok := <-s.events:
			if !ok {
				return
			}
			_, _ = fmt.Fprintf(w, "data: %s\n\n", event)
			_ = flush()
		case <-r.Context().Done():
			return
		}
	}
}

func TestEventsPassOneByOne(t *testing.T) {
	eachMode(t, func(t *testing.T, mode string) {
		s := newSource()
		g := start(t, mode, s, options{})
		resp, err := g.client.Do(g.request(t.Context(), "GET", eventsPath, "", "Authorization", "Bearer "+g.token("u")))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close() //nolint:errcheck // read to its end
		lines := bufio.NewReader(resp.Body)
		for i := range 5 {
			s.events <- fmt.Sprint(i)
			// The next event is sent only after this one arrived: nothing waits in a buffer.
			if line, err := lines.ReadString('\n'); line != fmt.Sprintf("data: %d\n", i) {
				t.Fatalf("event %d: %q %v", i, line, err)
			}
			if _, err := lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		close(s.events)
		if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil {
			t.Errorf("the end: %q %v", rest, err)
		}
	})
}

func TestAClientThatLeavesCancelsTheUpstreamsRequest(t *testing.T) {
	eachMode(t, func(t *testing.T, mode string) {
		s := newSource()
		g := start(t, mode, s, options{})
		ctx, leave := context.WithCancel(t.Context())
		resp, err := g.client.Do(g.request(ctx, "GET", eventsPath, "", "Authorization", "Bearer "+g.token("u")))
		if err != nil {
			t.Fatal(err)
		}
		leave()
		_ = resp.Body.Close()
		select {
		case cause := <-s.ended:
			if !errors.Is(cause, context.Canceled) {
				t.Errorf("ended by %v", cause)
			}
		case <-time.After(patience):
			t.Fatal("the upstream goes on")
		}
	})
}

// serve runs the gateway on a real server and returns its URL and how to stop it.
func serve(t *testing.T, cfg httpserver.Config, h http.Handler) (url string, stop func() error) {
	t.Helper()
	cfg.Addr = "127.0.0.1:0"
	srv, err := httpserver.New(cfg, h, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	return "http://" + srv.Addr(), func() error {
		cancel()
		return <-done
	}
}

func TestAStreamOutlivesTheDeadlinesOfTheServerButNotItsEnd(t *testing.T) {
	eachMode(t, func(t *testing.T, mode string) {
		t.Parallel() // most of it is waiting
		s := newSource()
		g := start(t, mode, s, options{})
		// The deadlines are those of a machine that stalls for a moment: the stream has to
		// begin before they pass.
		const deadline = 2 * time.Second
		url, stop := serve(t, httpserver.Config{ReadTimeout: deadline, WriteTimeout: deadline, DrainTimeout: patience}, g.handler)
		g.url = url
		resp, err := g.client.Do(g.request(t.Context(), "GET", eventsPath, "", "Authorization", "Bearer "+g.token("u")))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close() //nolint:errcheck // read to its end
		lines := bufio.NewReader(resp.Body)
		for range 2 {
			<-time.After(deadline + deadline/2) // the deadlines of the server pass
			select {
			case s.events <- "x":
			case cause := <-s.ended:
				t.Fatalf("the stream was cut off: %v", cause)
			}
			if line, err := lines.ReadString('\n'); line != "data: x\n" {
				t.Fatalf("%q %v", line, err)
			}
			if _, err := lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil {
			t.Errorf("the stream did not end in order: %q %v", rest, err)
		}
		if took := time.Since(began); took >= patience {
			t.Errorf("the stream held up the server's end for %v", took)
		}
		<-s.ended
	})
}

func TestConcurrentRequestsDoNotMix(t *testing.T) {
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, http.HandlerFunc(echo), options{cfg: unlimited})
		var workers sync.WaitGroup
		for w := range 16 {
			workers.Go(func() {
				user := fmt.Sprintf("user-%d", w)
				token := "Bearer " + g.token(user, auth.RoleAdmin)
				for i := range 40 {
					body := fmt.Sprintf(`{"n":"%s-%d"}`, user, i)
					path := fmt.Sprintf("/api/games/%s-%d", user, i)
					got := g.do("PUT", path, body, "Authorization", token, "X-Request-Id", user).arrived(t)
					if got.Path != path || got.Body != body || got.Header.Get("Authorization") != token || got.Header.Get("X-Request-Id") != user {
						t.Errorf("%s got %+v", path, got)
					}
				}
			})
		}
		workers.Wait()
	})
}

// unlimited takes the rate limits off.
func unlimited(c *app.Config) {
	c.AddressRates, c.UserRates = gateway.Rates{}, gateway.Rates{}
}
