package chaos_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gamestore.example/test/chaos"
)

// TestAStoreThatEndsByItselfIsFound runs a program that is no store.
func TestAStoreThatEndsByItselfIsFound(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "broken")
	must(t, os.WriteFile(program, []byte("#!/bin/sh\necho '{\"level\":\"ERROR\",\"msg\":\"no luck\"}' >&2\nexit 3\n"), 0o700))
	report, err := chaos.Run(t.Context(), chaos.Config{Program: program, Dir: dir, Kills: 2, Seed: 1, Lanes: 2})
	if err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("the run ends with %v, want the last words of the store", err)
	}
	for _, check := range []string{chaos.CheckAlive, chaos.CheckLog} {
		if n := strings.Count(strings.Join(report.Findings, "\n"), check); n == 0 {
			t.Errorf("no finding that breaks %q: %v", check, report.Findings)
		}
	}
	if table := report.String(); !strings.Contains(table, "**all**") || !strings.Contains(table, "seed 1") {
		t.Errorf("the table is\n%s", table)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
