package chaos_test

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"gamestore.example/test/chaos"
)

// lanes is how many stores are killed at the same time.
const lanes = 4

func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a real store: not in short mode")
	}
	cfg := chaos.Config{Kills: number(t, "CHAOS_N", 4), Seed: uint64(number(t, "CHAOS_SEED", rand.IntN(1_000_000))), Lanes: lanes, Dir: dir(t)}
	t.Logf("%d kills with the seed %d", cfg.Kills, cfg.Seed)
	ctx, cancel := ending(t)
	defer cancel()
	var err error
	if cfg.Program, err = chaos.Build(ctx, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	report, err := chaos.Run(ctx, cfg)
	t.Logf("\n%s", report)
	if err != nil {
		t.Error(err)
	}
	for _, f := range report.Findings {
		t.Error(f)
	}
	if cfg.Kills >= 20 && report.Totals.Least() == 0 {
		t.Errorf("this proves nothing: %+v", report.Totals)
	}
}

func TestKillTheFirstStart(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a real store: not in short mode")
	}
	ctx, cancel := ending(t)
	defer cancel()
	program, err := chaos.Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	killed, findings, err := chaos.FirstStarts(ctx, chaos.Config{Program: program, Dir: dir(t), Seed: 1, Lanes: lanes}, io.Discard)
	t.Logf("%d first starts were killed", killed)
	if err != nil {
		t.Error(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}

// ending returns a context that ends a little before the test's own deadline, so
// that no store outlives the test.
func ending(t *testing.T) (context.Context, context.CancelFunc) {
	if deadline, ok := t.Deadline(); ok {
		return context.WithDeadline(t.Context(), deadline.Add(-10*time.Second))
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
