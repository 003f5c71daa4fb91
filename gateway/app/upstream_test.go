package app_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/streadway/handy/breaker"

	"gamestore.example/gateway/app"
	"gamestore.example/pkg/httpserver"
)

// freeURL is a URL at which nobody listens.
func freeURL(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a moment
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	return "http://" + l.Addr().String()
}

// sick is an upstream that fails while it is told to.
type sick struct {
	failing  atomic.Bool
	requests atomic.Int64
	answer   http.HandlerFunc
}

func (s *sick) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if s.failing.Load() {
		s.answer(w, r)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// openCircuit sends requests until the circuit is open, and returns the answers before
// that. It opens after eleven failures within five seconds, and lets one request try
// each second after that.
func openCircuit(t *testing.T, g *gatewayUnderTest, path string) (before []answer) {
	t.Helper()
	for range 1000 {
		a := g.do("GET", path, "")
		if a.code() == "circuit-open" {
			wantProblem(t, a, http.StatusServiceUnavailable, "circuit-open")
			return before
		}
		before = append(before, a)
	}
	t.Fatal("the circuit stays closed")
	return nil
}

func TestADeadUpstream(t *testing.T) {
	alive := httptest.NewServer(status(http.StatusNoContent))
	defer alive.Close()
	cfg := app.Defaults()
	cfg.Users, cfg.Games, cfg.Payments = alive.URL, freeURL(t), alive.URL
	g := startWith(t, cfg, app.Deps{}, options{cfg: unlimited})
	first := g.do("GET", "/api/games/x", "")
	wantProblem(t, first, http.StatusServiceUnavailable, "upstream-unavailable")
	if first.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After = %q", first.header.Get("Retry-After"))
	}
	failed := openCircuit(t, g, "/api/games/x")
	if len(failed) < 10 {
		t.Errorf("%d failures opened the circuit, want more than handy's 10", 1+len(failed))
	}
	for _, a := range failed {
		wantProblem(t, a, http.StatusServiceUnavailable, "upstream-unavailable")
	}
	// The search has a circuit of its own, and so have the other services.
	wantProblem(t, g.do("GET", "/api/games", ""), http.StatusServiceUnavailable, "upstream-unavailable")
	if a := g.do("POST", "/api/auth/login", "{}"); a.status != http.StatusNoContent {
		t.Errorf("another upstream suffers: %d", a.status)
	}
}

func TestTheCircuitOpensAndClosesAgain(t *testing.T) {
	eachMode(t, func(t *testing.T, mode string) {
		var s *sick
		var g *gatewayUnderTest
		var opened, passed int64
		for inTime := false; !inTime; {
			s = &sick{answer: status(http.StatusInternalServerError)}
			g = start(t, mode, s, options{cfg: unlimited})
			s.failing.Store(true)
			began := time.Now()
			openCircuit(t, g, "/api/games/x")
			opened = s.requests.Load()
			g.do("GET", "/api/games/x", "")
			passed = s.requests.Load() - opened
			inTime = time.Since(began) < breaker.DefaultCooldown // later one request may try
		}
		if opened != 11 {
			t.Errorf("%d requests opened the circuit, want more than handy's 10", opened)
		}
		if passed != 0 {
			t.Error("a request passed the open circuit")
		}
		// After the cooldown one request tries, and with it the circuit closes.
		s.failing.Store(false)
		deadline := time.Now().Add(patience)
		for g.do("GET", "/api/games/x", "").status != http.StatusNoContent {
			if time.Now().After(deadline) {
				t.Fatal("the circuit stays open")
			}
		}
		for range 20 {
			if a := g.do("GET", "/api/games/x", ""); a.status != http.StatusNoContent {
				t.Fatalf("closed again, yet %d", a.status)
			}
		}
	})
}

func TestWhatIsNoFailureOfTheUpstream(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"4xx":         status(http.StatusNotFound),
		"501":         status(http.StatusNotImplemented),
		"its own 429": status(http.StatusTooManyRequests),
	} {
		t.Run(name, func(t *testing.T) {
			s := &sick{answer: answer}
			s.failing.Store(true)
			g := start(t, remote, s, options{cfg: unlimited})
			for range 50 {
				g.do("GET", "/api/games/x", "")
			}
			if n := s.requests.Load(); n != 50 {
				t.Errorf("only %d of 50 requests reached the upstream", n)
			}
		})
	}
}

func TestClientsThatLeaveAreNoFailure(t *testing.T) {
	arrivedCh := make(chan struct{})
	hang := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/games/fast" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		arrivedCh <- struct{}{}
		<-r.Context().Done()
		// In process a service answers its cancelled context with an error.
		httpserver.WriteError(r.Context(), w, r.Context().Err())
	})
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, hang, options{cfg: unlimited})
		for range 30 {
			ctx, leave := context.WithCancel(t.Context())
			go func() {
				<-arrivedCh
				leave()
			}()
			if resp, err := g.client.Do(g.request(ctx, "GET", "/api/games/slow", "")); err == nil {
				_ = resp.Body.Close()
				t.Fatal("an answer for a client that left")
			}
		}
		if a := g.do("GET", "/api/games/fast", ""); a.status != http.StatusNoContent {
			t.Errorf("the circuit counts clients that left: %d %s", a.status, a.body)
		}
	})
}

func TestAPanicInProcessIsAnInternalError(t *testing.T) {
	s := &sick{answer: func(http.ResponseWriter, *http.Request) { panic("secret detail") }}
	s.failing.Store(true)
	g := start(t, local, s, options{cfg: unlimited})
	a := g.do("GET", "/api/games/x", "")
	wantProblem(t, a, http.StatusInternalServerError, "internal")
	openCircuit(t, g, "/api/games/x")
}

func TestAnAnswerThatBreaksOffIsNoWholeAnswer(t *testing.T) {
	half := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, half, options{})
		resp, err := g.client.Do(g.request(t.Context(), "GET", "/api/games/x", ""))
		if err != nil {
			return // cut off even before the headers
		}
		defer resp.Body.Close() //nolint:errcheck // broken anyway
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%q looks like a whole answer", body)
		}
	})
}

// A kept connection that the upstream closed meanwhile is not the client's
// problem, if the request may be repeated.
func TestAGetSurvivesADeadKeptConnection(t *testing.T) {
	behind := httptest.NewServer(status(http.StatusNoContent))
	defer behind.Close()
	cfg := app.Defaults()
	cfg.Users, cfg.Games, cfg.Payments = behind.URL, behind.URL, behind.URL
	g := startWith(t, cfg, app.Deps{}, options{})
	for i := range 20 {
		if a := g.do("GET", "/api/games/x", ""); a.status != http.StatusNoContent {
			t.Fatalf("request %d: %d %s", i, a.status, a.body)
		}
		behind.CloseClientConnections()
	}
}

func TestUpstreamAnswersPassInBothModes(t *testing.T) {
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/api/purchases/1")
		w.Header().Set("Idempotency-Replayed", "true")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.Copy(w, r.Body)
	})
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, upstream, options{})
		a := g.do("POST", "/api/games/x/purchase", `{"a":1}`, "Authorization", "Bearer "+g.token("u"))
		if a.status != http.StatusAccepted || a.body != `{"a":1}` || a.header.Get("Location") == "" || a.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%+v", a)
		}
	})
}

// dying answers, then drops the connection of one request without an answer, then
// answers again.
type dying struct{ requests atomic.Int64 }

func (d *dying) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if d.requests.Add(1) == 2 {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_ = conn.Close()
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// The request may have had its effect before the connection broke: only what can
// be done twice is done twice, and of the rest the outcome is unknown.
func TestWhatIsRepeatedAfterABrokenConnection(t *testing.T) {
	for _, tc := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		requests                 int64
	}{
		{"GET", "GET", "/api/purchases/x", "", nil, http.StatusNoContent, 3},
		{"POST", "POST", "/api/games/x/purchase", "{}", nil, http.StatusGatewayTimeout, 2},
		{"POST without a body", "POST", "/api/games/x/purchase", "", nil, http.StatusGatewayTimeout, 2},
		{"DELETE", "DELETE", "/api/users/me", "", nil, http.StatusGatewayTimeout, 2},
		{"POST with a key and a body", "POST", "/api/games/x/purchase", "{}", []string{"Idempotency-Key", "k"}, http.StatusServiceUnavailable, 2},
		{"POST with a key", "POST", "/api/games/x/purchase", "", []string{"Idempotency-Key", "k"}, http.StatusNoContent, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &dying{}
			g := start(t, remote, d, options{})
			token := []string{"Authorization", "Bearer " + g.token("u")}
			if a := g.do("GET", "/api/games/x", ""); a.status != http.StatusNoContent {
				t.Fatal(a.status)
			}
			a := g.do(tc.method, tc.path, tc.body, append(token, tc.headers...)...)
			if a.status != tc.status || d.requests.Load() != tc.requests {
				t.Errorf("%d after %d requests, want %d after %d", a.status, d.requests.Load(), tc.status, tc.requests)
			}
			if a.status == http.StatusGatewayTimeout {
				wantProblem(t, a, http.StatusGatewayTimeout, "outcome-unknown")
			}
		})
	}
}
