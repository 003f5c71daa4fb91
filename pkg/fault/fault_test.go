//go:build faults

package fault_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"gamestore.example/pkg/fault"
)

// TestVictim is the process that the other test kills.
func TestVictim(t *testing.T) {
	if os.Getenv("FAULT_TEST_VICTIM") == "" {
		t.Skip("runs as a child alone")
	}
	for range 5 {
		_, _ = os.Stdout.WriteString("a")
		fault.Point("a")
		fault.Point("b")
	}
	_, _ = os.Stdout.WriteString("end\n")
}

func TestPoint(t *testing.T) {
	for _, tc := range []struct {
		fault  string
		killed bool
		out    string
	}{
		{"a", true, "a"},
		{"a#3", true, "aaa"},
		{"b#2", true, "aa"},
		{"a#6", false, "aaaaaend"},
		{"c", false, "aaaaaend"},
		{"", false, "aaaaaend"},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
		cmd.Env = append(os.Environ(), "FAULT_TEST_VICTIM=1", "GAMESTORE_FAULT="+tc.fault)
		out, err := cmd.Output()
		var exit *exec.ExitError
		killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
		if killed != tc.killed || !strings.HasPrefix(string(out), tc.out) {
			t.Errorf("%q: killed %v, wrote %q", tc.fault, killed, out)
		}
	}
}

func TestPanic(t *testing.T) {
	panics := func(id string) (yes bool) {
		defer func() { yes = recover() != nil }()
		fault.Panic(id)
		return false
	}
	if panics("") || panics("a") {
		t.Error("it panics though nothing is named")
	}
	t.Setenv("GAMESTORE_PANIC", "a")
	if !panics("a") || panics("b") || panics("") {
		t.Error("it does not panic at what is named, or at more")
	}
}
