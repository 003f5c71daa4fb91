// Package readme_test holds the README to its word.
package readme_test

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"gamestore.example/deploy/demo"
	"gamestore.example/deploy/standalone"
	"gamestore.example/pkg/observe"
)

const readme = "../../README.md"

// block returns the text of the README between a fence of this kind and its end.
func block(t *testing.T, fence string) string {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```"+fence+"\n")
	content, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("the README has no block %q", fence)
	}
	return content
}

func newStore(t *testing.T, settings func(*standalone.Config, string)) *standalone.Store {
	t.Helper()
	var cfg standalone.Config
	fs := flag.NewFlagSet("readme", flag.ContinueOnError)
	cfg.RegisterFlags(fs)
	settings(&cfg, t.TempDir())
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
	return s
}

// TestDemo runs the demo and compares what it prints with the README, ids aside.
func TestDemo(t *testing.T) {
	var out bytes.Buffer
	if err := demo.Run(t.Context(), newStore(t, demo.Settings), &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	ids := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	mask := func(s string) string { return strings.TrimSpace(ids.ReplaceAllString(s, "<id>")) }
	if got, want := mask(out.String()), mask(block(t, "text demo")); got != want {
		t.Errorf("the README shows\n%s\n\nbut the demo prints\n%s", want, got)
	}
}

// TestCurlLines runs the README's lines against a store, to the letter but for its port.
func TestCurlLines(t *testing.T) {
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("CI must have %s", program)
			}
			t.Skipf("no %s on this machine", program)
		}
	}
	store := newStore(t, func(c *standalone.Config, folder string) {
		c.Data, c.HTTP.Addr = folder, "127.0.0.1:0"
	})
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- store.Run(ctx) }()
	defer func() {
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	script := "set -euo pipefail\n" + strings.ReplaceAll(block(t, "sh"), "127.0.0.1:8080", store.Addr())
	out, err := exec.CommandContext(t.Context(), "bash", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`"email":"ana@example.com"`, `"The Lantern Oath"`, `"status":"completed"`, `"reason":"category"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}
