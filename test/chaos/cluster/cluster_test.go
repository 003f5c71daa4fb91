package cluster_test

import (
	"context"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"gamestore.example/pkg/bus/rabbit/private"
	"gamestore.example/test/chaos/cluster"
)

func TestFaults(t *testing.T) {
	faults := number(t, "CHAOS_N", 0)
	if faults == 0 {
		t.Skip("CHAOS_N says how many faults there are to be: make chaos")
	}
	cfg := config(t)
	cfg.Faults, cfg.Lanes = faults, number(t, "CHAOS_LANES", 2)
	cfg.Mount = mountable(t)
	if only := os.Getenv("CHAOS_ONLY"); only != "" {
		var err error
		if cfg.Only, err = regexp.Compile(only); err != nil || len(cfg.Kinds()) == 0 {
			t.Fatalf("CHAOS_ONLY=%q is no expression, or no kind matches it: %v", only, err)
		}
	}
	t.Logf("%d faults with the seed %d", cfg.Faults, cfg.Seed)
	ctx, cancel := ending(t)
	defer cancel()
	report, err := cluster.Run(ctx, cfg)
	t.Logf("\n%s", report)
	if err != nil {
		t.Error(err)
	}
	for _, f := range report.Findings {
		t.Error(f)
	}
	if cfg.Faults >= 20 && cfg.Only == nil && report.Totals.Least() == 0 {
		t.Errorf("this proves nothing: %+v", report.Totals)
	}
}

// config builds the programs. Without an installed RabbitMQ the test is skipped, or
// fails if CI=true.
func config(t *testing.T) cluster.Config {
	t.Helper()
	if !private.Installed() {
		if os.Getenv("CI") == "true" {
			t.Fatal("no rabbitmq-server is installed, and CI must have one")
		}
		t.Skip("no rabbitmq-server is installed (Debian: apt-get install rabbitmq-server)")
	}
	cfg := cluster.Config{Seed: uint64(number(t, "CHAOS_SEED", rand.IntN(1_000_000))), Dir: dir(t)} //nolint:gosec // from 0
	var err error
	if cfg.Programs, err = cluster.Build(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// mountable reports whether this process may mount a small file system, to fill it.
func mountable(t *testing.T) bool {
	t.Helper()
	err := cluster.CanMount(t.TempDir())
	if err != nil {
		t.Logf("NO DISK IS FILLED, since none can be mounted: %v", err)
	}
	return err == nil
}

// ending returns a context that ends before the test's own deadline, so that nothing
// outlives the test.
func ending(t *testing.T) (context.Context, context.CancelFunc) {
	if deadline, ok := t.Deadline(); ok {
		return context.WithDeadline(t.Context(), deadline.Add(-30*time.Second))
	}
	return context.WithCancel(t.Context())
}

// dir keeps the data and the logs if CHAOS_DIR says where.
func dir(t *testing.T) string {
	if d := os.Getenv("CHAOS_DIR"); d != "" {
		d, err := os.MkdirTemp(d, "chaos-")
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	return t.TempDir()
}

func number(t *testing.T, name string, fallback int) int {
	s := os.Getenv(name)
	if s == "" {
		return fallback
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		t.Fatalf("%s=%q: want a whole number", name, s)
	}
	return n
}
