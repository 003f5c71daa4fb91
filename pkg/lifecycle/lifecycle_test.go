package lifecycle_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gamestore.example/pkg/lifecycle"
)

// childMode is the environment variable that makes this test binary a process
// to be stopped by signals.
const childMode = "LIFECYCLE_TEST_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childMode); mode != "" {
		child(mode)
	}
	goleak.VerifyTestMain(m)
}

// diary notes what happens, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// actor takes some time to stop and returns err then.
func (d *diary) actor(name string, stops time.Duration, err error) lifecycle.Actor {
	return lifecycle.Actor{Name: name, Run: func(ctx context.Context) error {
		<-ctx.Done()
		d.note("%s is told", name)
		time.Sleep(stops)
		d.note("%s is done", name)
		return err
	}}
}

func TestActorsStopInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		started := time.Now()
		err := lifecycle.Group{}.Run(ctx,
			d.actor("http", 3*time.Second, nil), d.actor("consumers", 2*time.Second, context.Canceled), d.actor("relay", 0, nil))
		if err != nil {
			t.Errorf("a clean stop returns %v", err)
		}
		if took := time.Since(started); took != time.Hour+5*time.Second {
			t.Errorf("took %v", took)
		}
		want := []string{"http is told", "http is done", "consumers is told", "consumers is done", "relay is told", "relay is done"}
		if diff := cmp.Diff(want, d.lines); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnActorThatReturnsEarlyStopsAll(t *testing.T) {
	broken := errors.New("the port is taken")
	for name, tc := range map[string]struct {
		returns error
		want    string
	}{
		"with an error": {broken, "relay: the port is taken"},
		"with nil":      {nil, "relay: stopped though nobody asked it to"},
		"cancelled":     {context.Canceled, "relay: context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d diary
				err := lifecycle.Group{}.Run(t.Context(), d.actor("http", time.Second, nil),
					lifecycle.Actor{Name: "relay", Run: func(context.Context) error {
						time.Sleep(time.Minute)
						return tc.returns
					}}, d.actor("store", 0, nil))
				if err == nil || err.Error() != tc.want || tc.returns != nil && !errors.Is(err, tc.returns) {
					t.Errorf("got %v, want %s", err, tc.want)
				}
				if diff := cmp.Diff([]string{"http is told", "http is done", "store is told", "store is done"}, d.lines); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestErrorsWhileStoppingAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		first, second := errors.New("flush failed"), errors.New("close failed")
		err := lifecycle.Group{}.Run(ctx, d.actor("relay", 0, first), d.actor("store", 0, second))
		if !errors.Is(err, first) || !errors.Is(err, second) || err.Error() != "relay: flush failed\nstore: close failed" {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhoHangsIsNamedAndTheOthersGetTheirChance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		var log bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		free := make(chan struct{})
		hang := lifecycle.Actor{Name: "consumers", Run: func(context.Context) error { <-free; return nil }}
		started := time.Now()
		err := lifecycle.Group{Logger: slog.New(slog.NewTextHandler(&log, nil)), Drain: 10 * time.Second}.Run(ctx,
			d.actor("http", time.Second, nil), hang, d.actor("relay", 500*time.Millisecond, nil), d.actor("store", 0, nil))
		if took := time.Since(started); took != 11*time.Second {
			t.Errorf("gave up after %v", took)
		}
		if !errors.Is(err, lifecycle.ErrHangs) || !strings.HasSuffix(err.Error(), "(10s): consumers") {
			t.Errorf("got %v", err)
		}
		want := []string{"http is told", "http is done", "relay is told", "store is told", "store is done", "relay is done"}
		if diff := cmp.Diff(want, sortMiddle(d.lines)); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(log.String(), "actors=[consumers]") {
			t.Errorf("the log does not name it:\n%s", &log)
		}
		close(free)
		synctest.Wait()
	})
}

// sortMiddle puts the two lines that come at the same moment in a fixed order.
func sortMiddle(lines []string) []string {
	if len(lines) == 6 && lines[2] == "store is told" {
		lines[2], lines[3], lines[4] = "relay is told", "store is told", "store is done"
	}
	return lines
}

func TestNobodyToRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := (lifecycle.Group{}).Run(ctx); err != nil || ctx.Err() == nil {
			t.Errorf("got %v", err)
		}
	})
}

// child runs as a process of its own and says what happens.
func child(mode string) {
	a := lifecycle.Actor{Name: "a", Run: func(ctx context.Context) error {
		fmt.Println("started")
		<-ctx.Done()
		fmt.Println("stopping")
		if mode == "hangs" {
			select {}
		}
		return nil
	}}
	// Something must be able to wake up, or the runtime reports a deadlock.
	keepAlive := time.NewTimer(time.Hour)
	defer keepAlive.Stop()
	if err := lifecycle.Run(context.Background(), slog.New(slog.DiscardHandler), a); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("stopped")
	os.Exit(0)
}

func TestSignals(t *testing.T) {
	for _, tc := range []struct {
		mode    string
		signals []syscall.Signal
		last    string
		status  func(syscall.WaitStatus) bool
	}{
		{"obeys", []syscall.Signal{syscall.SIGTERM}, "stopped", func(s syscall.WaitStatus) bool { return s.ExitStatus() == 0 }},
		{"obeys", []syscall.Signal{syscall.SIGINT}, "stopped", func(s syscall.WaitStatus) bool { return s.ExitStatus() == 0 }},
		{"hangs", []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, "stopping", func(s syscall.WaitStatus) bool { return s.Signal() == syscall.SIGTERM }},
		{"hangs", []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}, "stopping", func(s syscall.WaitStatus) bool { return s.Signal() == syscall.SIGTERM }},
	} {
		t.Run(fmt.Sprint(tc.mode, tc.signals), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), childMode+"="+tc.mode)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			last := ""
			signals := tc.signals
			for lines := bufio.NewScanner(out); lines.Scan(); {
				last = lines.Text()
				if len(signals) > 0 && (last == "started" || last == "stopping") {
					if err := cmd.Process.Signal(signals[0]); err != nil {
						t.Error(err)
					}
					signals = signals[1:]
				}
			}
			_ = cmd.Wait()
			if s := cmd.ProcessState.Sys().(syscall.WaitStatus); !tc.status(s) || last != tc.last {
				t.Errorf("ended with %v after saying %q, want %q", cmd.ProcessState, last, tc.last)
			}
		})
	}
}
