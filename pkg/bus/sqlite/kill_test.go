package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/fault"
	"gamestore.example/pkg/sqldb"
)

// childFile is the environment variable that makes this test binary the child that
// is killed: it holds the path of the journal.
const childFile = "BUS_KILL_TEST_FILE"

func TestMain(m *testing.M) {
	if file := os.Getenv(childFile); file != "" {
		child(file)
	}
	goleak.VerifyTestMain(m)
}

var killed = bus.Queue{Name: "killed.work", Keys: []string{"work.#"}, Concurrency: 4}

// child publishes and consumes as fast as it can. It prints "confirmed <id>" and
// "handled <id>" lines, and never ends by itself.
func child(file string) {
	fail := func(err error) {
		fmt.Println("failed", err)
		os.Exit(3)
	}
	ctx := context.Background()
	db, err := sqldb.OpenSQLite(ctx, file)
	if err != nil {
		fail(err)
	}
	if err := sqlite.Migrate(ctx, db); err != nil {
		fail(err)
	}
	b := memory.New(memory.WithJournal(sqlite.NewJournal(db)), memory.WithRetry(time.Millisecond))
	if err := b.Declare(ctx, killed); err != nil {
		fail(err)
	}
	go func() {
		fail(b.Consume(ctx, killed, func(_ context.Context, m bus.Message) error {
			switch {
			case strings.HasSuffix(m.ID, "7"): // ends as a dead letter
				return errs.New(errs.NotFound, "", "never there")
			case strings.HasSuffix(m.ID, "5") && m.Attempt == 1:
				return errs.New(errs.NotFound, "", "not yet there")
			}
			fmt.Println("handled", m.ID)
			return nil
		}))
	}()
	for i := 0; ; i++ {
		batch := make([]bus.Message, 3)
		for k := range batch {
			batch[k] = bus.Message{ID: fmt.Sprintf("%d-%d-%d", os.Getpid(), i, k*5), Key: "work.todo", Body: []byte("body")}
		}
		batch[2].ID += "7"
		for k, err := range b.Publish(ctx, batch...) {
			if err != nil {
				fail(err)
			}
			fmt.Println("confirmed", batch[k].ID)
		}
	}
}

// killings are where a process dies: after so many lines from outside, or at a
// fault point in a build with the tag "faults".
func killings() map[string]string {
	if !fault.Enabled {
		return map[string]string{"from outside": "", "from outside again": ""}
	}
	return map[string]string{
		"after the append":      "bus.after-append#20",
		"before a handler":      "bus.before-handler#31",
		"before an ack":         "bus.before-ack#25",
		"before a settlement":   "bus.before-settle#12",
		"after a settlement":    "bus.after-settle#12",
		"before a commit":       "sqldb.before-commit#40",
		"after a commit":        "sqldb.after-commit#41",
		"from outside as usual": "",
	}
}

func TestConfirmedMessagesSurviveKill9(t *testing.T) {
	for name, point := range killings() {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "bus.db")
			open := map[string]bool{} // confirmed and not handled
			for range 3 {
				runUntilKilled(t, file, point, open)
			}
			checkNothingLost(t, file, open)
		})
	}
}

// runUntilKilled runs one child to its death and keeps account of what it printed.
func runUntilKilled(t *testing.T, file, point string, open map[string]bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+file, "GAMESTORE_FAULT="+point)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	handled := map[string]bool{}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		what, id, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "confirmed":
			open[id] = true
		case "handled":
			handled[id] = true
		default:
			t.Errorf("the child says: %s", lines.Text())
		}
		if n == 300 {
			_ = cmd.Process.Kill()
		}
	}
	for id := range handled { // at times a message is handled before its publisher hears of it
		delete(open, id)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child was not killed: %v", err)
	}
}

// checkNothingLost opens the journal once more: whatever is open must come, or be
// among the dead letters.
func checkNothingLost(t *testing.T, file string, open map[string]bool) {
	t.Helper()
	if len(open) == 0 {
		t.Fatal("the children left nothing over: this proves nothing")
	}
	h := memory.New(memory.WithJournal(sqlite.NewJournal(openDB(t, file))))
	if err := h.Declare(t.Context(), killed); err != nil {
		t.Fatal(err)
	}
	dead, err := h.List(t.Context(), 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dead {
		delete(open, d.Message.ID)
	}
	t.Logf("%d dead letters, %d to come again", len(dead), len(open))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err = h.Consume(ctx, bus.Queue{Name: killed.Name, Concurrency: 1}, func(_ context.Context, m bus.Message) error {
		if string(m.Body) != "body" || m.Key != "work.todo" {
			t.Errorf("came back as %+v", m)
		}
		delete(open, m.ID)
		if len(open) == 0 {
			cancel()
		}
		return nil
	})
	if err != nil || len(open) > 0 {
		t.Errorf("lost: %v (%v)", open, err)
	}
}
