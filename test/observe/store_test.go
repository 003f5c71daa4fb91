package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"gamestore.example/deploy/standalone"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/tracing"
)

// output is a log that many write to.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// world is a store in this process.
type world struct {
	*forest
	client *client
	log    *output
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{forest: &forest{}, log: &output{}}
	spans, err := tracing.Open(t.Context(), tracing.Config{Sample: 1}, tracing.Options{Version: "test", Processor: recorded{tracetest.NewSpanRecorder(), w.forest}})
	if err != nil {
		t.Fatal(err)
	}
	var cfg standalone.Config
	fs := flag.NewFlagSet("observe", flag.ContinueOnError)
	cfg.RegisterFlags(fs)
	if err := cfg.Parse(fs, []string{"-data", t.TempDir(), "-http.addr", "127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	s, err := standalone.New(t.Context(), cfg, standalone.Deps{
		Logger: observe.NewLogger(w.log, slog.LevelDebug, "json"), Registry: observe.NewRegistry("test", "test"), Tracing: spans,
		AnnounceAdmin: func(string, string) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.client = newClient(t, "http://"+s.Addr())
	return w
}

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	caller  = "b7ad6b7169203331"
)

func TestOnePurchaseIsOneTrace(t *testing.T) {
	w := open(t)
	w.client.join()
	games := w.client.games(2)
	for i, headers := range []http.Header{
		{"Traceparent": {"00-" + traceID + "-" + caller + "-01"}, "Baggage": {"secret=canary"}},
		{"B3": {strings.Replace(traceID, "0", "1", 1) + "-" + caller + "-1"}},
	} {
		trace := traceID
		if i == 1 {
			trace = strings.Replace(traceID, "0", "1", 1)
		}
		w.client.buy(games[i], card, headers)
		w.await(t, trace, caller, purchaseTree)
	}
}

// purchaseTree is the whole way of a purchase, from the gateway to the index.
const purchaseTree = `
gateway: POST /api/games/{id}/purchase (server)
  gateway: POST (client)
    games: POST /api/games/{id}/purchase (server)
      games: games.PurchaseGame (internal)
        games: publish game.purchased (producer)
          payments: process payments.purchases (consumer)
            payments: payments.AcceptPurchase (internal)
              payments: write payments (client)
            payments: provider.simulated.Charge (client)
            payments: write payments (client)
              payments: publish payment.completed (producer)
                games: process games.payments (consumer)
                  games: games.PaymentCompleted (internal)
                    games: publish purchase.completed (producer)
                      games: process games.index (consumer)
                        games: games.IndexGames (internal)
                      users: process users.history (consumer)
                        users: users.RecordPurchase (internal)
                          users: write users (client)
                    games: write games (client)
        games: write games (client)
`

func TestNothingTellsSecrets(t *testing.T) {
	w := open(t)
	w.client.join()
	for _, body := range []string{ // what is refused is told of, too
		`{"email":"` + email + `","password":"` + password + `x"}`, `{"email":"` + email + `","password":["` + password + `"]}`, `{"email":"` + email + `","` + password + `":`,
	} {
		resp, err := w.client.http.Post(w.client.base+"/api/auth/login", "application/json", strings.NewReader(body))
		if err != nil || resp.StatusCode < http.StatusBadRequest {
			t.Fatal(resp, err)
		}
		resp.Body.Close()
	}
	purchase := w.client.buy(w.client.games(1)[0], card, http.Header{
		"Traceparent": {"00-" + traceID + "-" + caller + "-01"}, "Baggage": {"secret=canary-baggage"}, "Tracestate": {"vendor=1"},
	})
	w.await(t, traceID, caller, purchaseTree)
	found := false
	for _, n := range w.all() {
		found = found || strings.Contains(n.text, purchase)
		for _, secret := range []string{email, password, card, w.client.token, "canary-baggage", "canary"} {
			if strings.Contains(n.text, secret) {
				t.Errorf("the span %s tells %q: %s", n.name, secret, n.text)
			}
		}
	}
	if !found {
		t.Error("no span tells which purchase it is about")
	}
	for _, secret := range []string{email, password, card, w.client.token, "canary-baggage"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
}

// TestTheLogTellsOfTheTrace looks each trace_id and span_id of the log up.
func TestTheLogTellsOfTheTrace(t *testing.T) {
	w := open(t)
	w.client.join()
	w.client.buy(w.client.games(1)[0], card, http.Header{"Traceparent": {"00-" + traceID + "-" + caller + "-01"}})
	w.await(t, traceID, caller, purchaseTree)
	until(t, func() bool { return w.unresolved(t) == "" }, func() string { return "there is no span for " + w.unresolved(t) })
	for _, service := range []string{"gateway", "games", "payments", "users"} {
		if !w.tells(t, service) {
			t.Errorf("%s logs nothing about the purchase's trace", service)
		}
	}
}

// line is a line of the log.
type line struct {
	Service string
	Trace   string `json:"trace_id"`
	Span    string `json:"span_id"`
	text    string
}

func (w *world) lines(t *testing.T) (all []line) {
	t.Helper()
	for text := range strings.Lines(w.log.String()) {
		l := line{text: text}
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		all = append(all, l)
	}
	return all
}

// unresolved returns a line whose span is not known, or "". The span of the last lines may
// not have ended yet.
func (w *world) unresolved(t *testing.T) string {
	t.Helper()
	known := map[string]bool{}
	for _, n := range w.all() {
		known[n.trace+n.id] = true
	}
	for _, l := range w.lines(t) {
		if l.Trace != "" && !known[l.Trace+l.Span] {
			return l.text
		}
	}
	return ""
}

func (w *world) tells(t *testing.T, service string) bool {
	t.Helper()
	return slices.ContainsFunc(w.lines(t), func(l line) bool { return l.Trace == traceID && l.Service == service })
}
