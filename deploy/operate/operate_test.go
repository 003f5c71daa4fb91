package operate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"
	"go.uber.org/goleak"

	"gamestore.example/deploy/operate"
	"gamestore.example/deploy/standalone"
	"gamestore.example/payments"
	"gamestore.example/pkg/observe"
)

// The circuit breaker has a goroutine that nothing ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/streadway/handy/breaker.breaker.run"))
}

// run runs a command as main does, and returns what it prints.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := &ffcli.Command{Name: "gamestore", FlagSet: flag.NewFlagSet("gamestore", flag.ContinueOnError), Subcommands: operate.Commands(&out)}
	for _, c := range root.Subcommands {
		quiet(c)
	}
	err := root.ParseAndRun(t.Context(), args)
	return out.String(), err
}

func quiet(c *ffcli.Command) {
	c.FlagSet.SetOutput(io.Discard)
	for _, s := range c.Subcommands {
		quiet(s)
	}
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	out, err := run(t, args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func mustFail(t *testing.T, words string, args ...string) {
	t.Helper()
	out, err := run(t, args...)
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: got %v, want %q\n%s", strings.Join(args, " "), err, words, out)
	}
}

func has(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in:\n%s", w, text)
		}
	}
}

// decode reads the output of a command with -o json.
func decode[T any](t *testing.T, args ...string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(mustRun(t, append(args, "-o", "json")...)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// patience is how long a test waits for what the store does beside: long, because a
// machine may stall.
const patience = 2 * time.Minute

// eventually asks again until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// store is a store that runs.
type store struct {
	t    *testing.T
	url  string
	stop func()
}

func start(t *testing.T, dir string) *store {
	t.Helper()
	var cfg standalone.Config
	fs := flag.NewFlagSet("store", flag.ContinueOnError)
	cfg.RegisterFlags(fs)
	cfg.Data, cfg.HTTP.Addr = dir, "127.0.0.1:0"
	// What is unknown stays so: nobody looks it up during a test.
	cfg.Payments.Core.Reconcile = payments.Backoff{First: time.Hour, Cap: time.Hour}
	if err := cfg.Parse(fs, nil); err != nil {
		t.Fatal(err)
	}
	s, err := standalone.New(t.Context(), cfg, standalone.Deps{
		Logger: slog.New(slog.DiscardHandler), Registry: observe.NewRegistry("test", "test"),
		AnnounceAdmin: func(string, string) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stopped := false
	running := &store{t: t, url: "http://" + s.Addr(), stop: func() {
		if stopped {
			return
		}
		stopped = true
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := errors.Join(<-done, s.Close()); err != nil {
			t.Error(err)
		}
	}}
	t.Cleanup(running.stop)
	return running
}

// post returns the answer's body.
func (s *store) post(path, token, body string) map[string]any {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var v map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil || resp.StatusCode >= 300 {
		s.t.Fatalf("%s: %s %v %v", path, resp.Status, v, err)
	}
	return v
}

// buyer signs somebody up and returns the token.
func (s *store) buyer() string {
	s.t.Helper()
	s.post("/api/users", "", `{"email":"ana@example.com","password":"correct horse battery staple","name":"Ana"}`)
	return s.post("/api/auth/login", "", `{"email":"ana@example.com","password":"correct horse battery staple"}`)["accessToken"].(string)
}

// buy returns the purchase's id.
func (s *store) buy(token, game, method string) string {
	s.t.Helper()
	return s.post("/api/games/"+game+"/purchase", token, `{"paymentMethod":"`+method+`"}`)["id"].(string)
}
