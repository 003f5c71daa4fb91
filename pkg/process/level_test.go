//go:build unix

package process_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gamestore.example/pkg/process"
)

// signalled is a log that somebody waits for.
type signalled struct {
	mu    sync.Mutex
	text  bytes.Buffer
	lines chan struct{}
}

func (s *signalled) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	s.lines <- struct{}{}
	return len(p), nil
}

func TestSignalsChangeTheLevelOfTheLog(t *testing.T) {
	out := &signalled{lines: make(chan struct{}, 10)}
	cfg := process.LogConfig{Level: slog.LevelInfo, Format: "text"}
	logger, level := cfg.Open(out)
	actor := process.LevelActor(logger, level)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- actor.Run(ctx) }()
	for _, step := range []struct {
		signal os.Signal
		want   slog.Level
	}{
		{syscall.SIGUSR1, slog.LevelDebug},
		{syscall.SIGUSR1, slog.LevelDebug}, // there is nothing below
		{syscall.SIGUSR2, slog.LevelInfo},
		{syscall.SIGUSR2, slog.LevelWarn},
		{syscall.SIGUSR2, slog.LevelError},
		{syscall.SIGUSR2, slog.LevelError}, // the worst is always told
	} {
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if err := self.Signal(step.signal); err != nil {
			t.Fatal(err)
		}
		select {
		case <-out.lines: // also the change to a quieter level is told
		case <-time.After(patience):
			t.Fatalf("%v changes nothing", step.signal)
		}
		if level.Level() != step.want {
			t.Errorf("%v: the level is %v, want %v", step.signal, level.Level(), step.want)
		}
	}
	stop()
	if err := <-ended; err != nil || !strings.Contains(out.text.String(), "level_now=ERROR") {
		t.Errorf("%v\n%s", err, out.text.String())
	}
}
