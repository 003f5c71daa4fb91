package cluster_test

import (
	"testing"
	"time"

	"gamestore.example/test/chaos/cluster"
)

func TestEndure(t *testing.T) {
	minutes := number(t, "CHAOS_MINUTES", 0)
	if minutes == 0 {
		t.Skip("CHAOS_MINUTES says how long: make endure")
	}
	cfg := config(t)
	ctx, cancel := ending(t)
	defer cancel()
	t.Logf("%d minutes with the seed %d", minutes, cfg.Seed)
	report, err := cluster.Endure(ctx, cfg, time.Duration(minutes)*time.Minute)
	t.Logf("\n%s", report)
	if err != nil {
		t.Error(err)
	}
	for _, f := range report.Findings {
		t.Error(f)
	}
	if report.Totals.Least() == 0 {
		t.Errorf("this proves nothing: %+v", report.Totals)
	}
}

func TestBacklog(t *testing.T) {
	n := number(t, "CHAOS_BACKLOG", 0)
	if n == 0 {
		t.Skip("CHAOS_BACKLOG says how many purchases are to wait: make chaos")
	}
	cfg := config(t)
	ctx, cancel := ending(t)
	defer cancel()
	worked, report, err := cluster.Backlog(ctx, cfg, n)
	t.Logf("%d purchases waited and were worked off in %v; payments used at most %d MiB", worked.Waiting, worked.Took.Round(time.Second), worked.Most>>20)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Error(f)
	}
	if worked.Waiting < n {
		t.Errorf("%d purchases waited, want %d", worked.Waiting, n)
	}
	if worked.Most > cluster.MostMemory {
		t.Errorf("payments used %d MiB", worked.Most>>20)
	}
}
