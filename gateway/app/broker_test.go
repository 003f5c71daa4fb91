package app_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gamestore.example/gateway"
	"gamestore.example/gateway/app"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/rpc"
)

// patience is how long a test waits for what must happen: long, because a machine may
// stall.
const patience = 2 * time.Minute

// service is a service at a broker. What it answers can be changed; nil does not
// answer, until the request is over.
type service struct {
	answer atomic.Pointer[rpc.Answer]
	began  chan rpc.Request
}

func (s *service) Serve(ctx context.Context, r rpc.Request) rpc.Answer {
	select {
	case s.began <- r:
	default: // nobody looks
	}
	if a := s.answer.Load(); a != nil {
		return *a
	}
	<-ctx.Done()
	return rpc.Problem(ctx, ctx.Err())
}

func text(status int, body string) *rpc.Answer {
	return &rpc.Answer{Status: status, ContentType: rpc.ContentType, Body: []byte(body), Headers: map[string]string{}}
}

// answering answers the requests to a service until the returned function is called.
func answering(t testing.TB, url, name string, h rpc.Handler) (stop func()) {
	t.Helper()
	b, err := rabbit.New(rabbit.Config{URL: url, Drain: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, name, h) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(<-done, b.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// hasty are the routes with little time.
func hasty() []gateway.Route {
	routes := gateway.Routes()
	for i := range routes {
		routes[i].Timeout = min(routes[i].Timeout, 3*time.Second)
	}
	return routes
}

// until repeats the request until it has the status.
func (g *gatewayUnderTest) until(status int, method, path string, headers ...string) answer {
	g.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		a := g.do(method, path, "", headers...)
		if a.status == status {
			return a
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("%s %s: still %d %s, want %d", method, path, a.status, a.body, status)
		}
	}
}

func TestUpstreamsBehindABroker(t *testing.T) {
	broker := rabbittest.Start(t)
	cfg := app.Defaults()
	cfg.BreakerRatio = 1 // circuits have tests of their own
	cfg.Broker, cfg.Users, cfg.Games, cfg.Payments = broker.URL, "amqp:", broker.URL, broker.URL
	var g *gatewayUnderTest
	keys := rpc.HandlerFunc(func(_ context.Context, r rpc.Request) rpc.Answer {
		if r.Operation == users.OpKeys {
			return rpc.Answer{Status: 200, ContentType: "application/jwk-set+json", Body: g.ring.JWKS(), Headers: map[string]string{"etag": `"k"`}}
		}
		return *text(204, "")
	})
	g = startWith(t, cfg, app.Deps{}, options{cfg: unlimited, deps: func(d *app.Deps) { d.Keys, d.Routes = nil, hasty() }})
	wantProblem(t, g.do("GET", "/api/games/g", ""), http.StatusServiceUnavailable, "upstream-unavailable") // nobody ever served it

	answering(t, broker.URL, "users", keys)
	s := &service{began: make(chan rpc.Request, 1)}
	s.answer.Store(text(200, `{"id":"g"}`))
	stop := answering(t, broker.URL, "games", s)
	if a := g.until(http.StatusOK, "GET", "/api/games/g"); a.body != `{"id":"g"}` {
		t.Errorf("got %s", a.body)
	}
	// The gateway's own verifier asks the users service for the keys.
	me := []string{"Authorization", "Bearer " + g.token("u")}
	g.until(http.StatusOK, "GET", "/api/me/library", me...)
	if a := g.do("GET", "/api/me/library", "", "Authorization", me[1]+"x"); a.status != http.StatusUnauthorized {
		t.Errorf("a forged token: %d", a.status)
	}

	t.Run("garbage", func(t *testing.T) {
		s.answer.Store(text(200, `{"id":`))
		wantProblem(t, g.do("GET", "/api/games/g", ""), http.StatusServiceUnavailable, "upstream-unavailable")
		wantProblem(t, g.do("POST", "/api/games/g/purchase", "", me...), http.StatusGatewayTimeout, "outcome-unknown")
		s.answer.Store(text(200, `{}`))
		g.until(http.StatusOK, "GET", "/api/games/g")
	})
	t.Run("no answer", func(t *testing.T) {
		s.answer.Store(nil)
		wantProblem(t, g.do("GET", "/api/games/g", ""), http.StatusGatewayTimeout, "timeout")
		s.answer.Store(text(200, `{}`))
		g.until(http.StatusOK, "GET", "/api/games/g")
	})
	t.Run("the service goes", func(t *testing.T) { g.serviceGoes(t, s, stop, broker.URL, me) })
	t.Run("the broker goes", func(t *testing.T) { g.brokerGoes(t, s, broker, me) })
}

// under answers requests that are under way when something happens.
func (g *gatewayUnderTest) under(t *testing.T, s *service, happens func(), method, path string, headers ...string) answer {
	t.Helper()
	s.answer.Store(nil)
	for len(s.began) > 0 {
		<-s.began
	}
	answers := make(chan answer, 1)
	go func() { answers <- g.do(method, path, "", headers...) }()
	select {
	case <-s.began:
	case a := <-answers:
		t.Fatalf("%s %s: %d %s before anything happened", method, path, a.status, a.body)
	}
	happens()
	return <-answers
}

func (g *gatewayUnderTest) serviceGoes(t *testing.T, s *service, stop func(), url string, me []string) {
	// Its answer, if any, is a problem of its own; no client hangs.
	if a := g.under(t, s, stop, "POST", "/api/games/g/purchase", me...); a.status < 500 {
		t.Errorf("under way when the service went: %d %s", a.status, a.body)
	}
	s.answer.Store(text(200, `{}`))
	answering(g.t, url, "games", s)
	g.until(http.StatusOK, "GET", "/api/games/g")
}

func (g *gatewayUnderTest) brokerGoes(t *testing.T, s *service, broker *rabbittest.Broker, me []string) {
	kill := func() {
		if err := broker.Kill(); err != nil {
			t.Error(err)
		}
	}
	a := g.under(t, s, kill, "POST", "/api/games/g/purchase", me...)
	wantProblem(t, a, http.StatusGatewayTimeout, "outcome-unknown")
	a = g.do("GET", "/api/games/g", "")
	wantProblem(t, a, http.StatusServiceUnavailable, "upstream-unavailable")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After while the broker is away")
	}
	s.answer.Store(text(200, `{}`))
	if err := broker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.until(http.StatusOK, "GET", "/api/games/g")
}

func TestAStreamOverABroker(t *testing.T) {
	broker := rabbittest.Start(t)
	cfg := app.Defaults()
	cfg.Games = broker.URL
	g := startWith(t, cfg, app.Deps{Upstreams: map[string]http.Handler{"users": http.NotFoundHandler(), "payments": http.NotFoundHandler()}}, options{cfg: unlimited})
	waiting, left := make(chan struct{}), make(chan struct{})
	answering(t, broker.URL, "games", rpc.HandlerFunc(func(_ context.Context, r rpc.Request) rpc.Answer {
		if r.Operation == games.OpAwaitPurchase {
			close(waiting)
			<-left
		}
		return *text(200, `{"id":"p","status":"pending"}`)
	}))
	me := []string{"Authorization", "Bearer " + g.token("u")}
	g.until(http.StatusOK, "GET", "/api/purchases/p", me...)
	ctx, leave := context.WithCancel(t.Context())
	resp, err := g.client.Do(g.request(ctx, "GET", "/api/purchases/p/events", "", me...))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was read as far as needed
	first := make([]byte, len("event: purchase"))
	if _, err := resp.Body.Read(first); err != nil || !strings.HasPrefix(string(first), "event: purchase") {
		t.Errorf("%s, %v", first, err) // it is there before the stream ends
	}
	<-waiting
	leave()
	close(left) // the answer comes too late, and nobody minds
	g.until(http.StatusOK, "GET", "/api/purchases/p", me...)
}
