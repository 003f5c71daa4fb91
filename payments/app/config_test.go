package app_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gamestore.example/payments/app"
	"gamestore.example/payments/paymentstest"
	"gamestore.example/pkg/auth"
	busmemory "gamestore.example/pkg/bus/memory"
)

func parse(t *testing.T, args ...string) app.Config {
	t.Helper()
	var cfg app.Config
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	cfg.RegisterFlags(fs, "payments.")
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestFlags(t *testing.T) {
	if d := cmp.Diff(app.Defaults(), parse(t), cmpopts.IgnoreFields(app.Config{}, "Outbox")); d != "" {
		t.Errorf("without flags (-defaults +got):\n%s", d)
	}
	want := app.Defaults()
	want.DSN, want.LedgerDSN, want.Timeout, want.Latency = "sqlite:x.db", "memory", 2*time.Second, 50*time.Millisecond
	want.WebhookSecret, want.Core.Concurrency, want.Core.Reconcile.Cap = "secret", 8, time.Minute
	got := parse(t, "-payments.db.dsn=sqlite:x.db", "-payments.provider.ledger.dsn=memory", "-payments.provider.timeout=2s",
		"-payments.provider.latency=50ms", "-payments.webhook.secret=secret", "-payments.worker.concurrency=8", "-payments.reconcile.cap=1m")
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(app.Config{}, "Outbox")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// open makes an App that nobody runs.
func open(t *testing.T, cfg app.Config) (*app.App, error) {
	t.Helper()
	ring, err := auth.OpenKeyring(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.NewVerifier(ring, auth.VerifierConfig{Issuer: "test", Audience: "test"}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return app.New(t.Context(), cfg, app.Deps{Bus: busmemory.New(), Verifier: verifier, NewID: paymentstest.IDs("id")})
}

func TestBadConfigurationsAreRefused(t *testing.T) {
	for name, change := range map[string]func(*app.Config){
		"no store":               func(c *app.Config) { c.DSN = "" },
		"an unknown store":       func(c *app.Config) { c.DSN = "postgres:x" },
		"an empty path":          func(c *app.Config) { c.DSN = "sqlite:" },
		"an unknown ledger":      func(c *app.Config) { c.LedgerDSN = "paper" },
		"an unknown provider":    func(c *app.Config) { c.Provider = "paypal" },
		"no timeout":             func(c *app.Config) { c.Timeout = 0 },
		"a timeout over a lease": func(c *app.Config) { c.Timeout = time.Minute },
		"a short secret":         func(c *app.Config) { c.WebhookSecret = "short" },
		"a negative latency":     func(c *app.Config) { c.Latency = -1 },
		"no concurrency":         func(c *app.Config) { c.Core.Concurrency = 0 },
		"no breaker":             func(c *app.Config) { c.BreakerRatio = 0 },
	} {
		cfg := quick("memory")
		change(&cfg)
		if a, err := open(t, cfg); err == nil {
			t.Errorf("%s is fine", name)
			_ = a.Close()
		}
	}
	if _, err := app.New(t.Context(), quick("memory"), app.Deps{}); err == nil {
		t.Error("no bus and no verifier is fine")
	}
}

func TestTheWebhookSecretIsKeptBesideThePayments(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "payments-webhook.secret")
	var before []byte
	for run := range 2 {
		a, err := open(t, quick("sqlite:"+filepath.Join(dir, "payments.db")))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		secret, err := os.ReadFile(file)
		if err != nil || len(secret) < 32 {
			t.Fatalf("%q, %v", secret, err)
		}
		if run == 1 && !bytes.Equal(before, secret) {
			t.Error("the secret changed with a restart")
		}
		before = secret
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".webhook-*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := os.WriteFile(file, []byte("cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, quick("sqlite:"+filepath.Join(dir, "payments.db"))); err == nil {
		t.Error("a secret that was cut short is used")
	}
}
