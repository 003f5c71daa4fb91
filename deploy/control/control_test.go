package control_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"gamestore.example/deploy/control"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// letters knows one dead letter, and notes what it is asked for.
type letters struct{ asked []string }

func (l *letters) List(context.Context, int) ([]bus.DeadLetter, error) { return nil, nil }

func (l *letters) Replay(_ context.Context, queue, id string) error {
	return l.note("replay", queue, id)
}

func (l *letters) Drop(_ context.Context, queue, id string) error { return l.note("drop", queue, id) }

func (l *letters) note(what, queue, id string) error {
	l.asked = append(l.asked, what+" "+queue+" "+id)
	if id == "unknown" {
		return bus.ErrNoDeadLetter
	}
	if id == "broken" {
		return errors.New("a secret")
	}
	return nil
}

func serve(t *testing.T, dir string, l *letters) (stop func()) {
	t.Helper()
	s, err := control.Listen(t.Context(), dir, l, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return func() {
		cancel()
		if err := errors.Join(<-done, s.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestARunningStoreIsReached(t *testing.T) {
	dir, l := t.TempDir(), &letters{}
	stop := serve(t, dir, l)
	defer stop()
	c := control.NewClient(dir)
	if err := c.Replay(t.Context(), "a.b", "m-1"); err != nil {
		t.Error(err)
	}
	if err := c.Drop(t.Context(), "a.b", ""); err != nil {
		t.Error(err)
	}
	if err := c.Replay(t.Context(), "a.b", "unknown"); !errors.Is(err, bus.ErrNoDeadLetter) {
		t.Errorf("got %v", err)
	}
	if err := c.Drop(t.Context(), "a.b", "broken"); errs.ClassOf(err) != errs.Internal {
		t.Errorf("got %v", err)
	}
	want := []string{"replay a.b m-1", "drop a.b ", "replay a.b unknown", "drop a.b broken"}
	for i, w := range want {
		if len(l.asked) != len(want) || l.asked[i] != w {
			t.Fatalf("asked %q, want %q", l.asked, want)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "control.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestAStoreThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	c := control.NewClient(dir)
	if err := c.Replay(t.Context(), "a.b", "m"); !errors.Is(err, control.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	serve(t, dir, &letters{})()
	if err := c.Replay(t.Context(), "a.b", "m"); !errors.Is(err, control.ErrUnreachable) {
		t.Errorf("after its end: %v", err)
	}
}

func TestASocketThatAKilledStoreLeft(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "control.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	defer serve(t, dir, &letters{})()
	if err := control.NewClient(dir).Replay(t.Context(), "a.b", "m"); err != nil {
		t.Error(err)
	}
}
