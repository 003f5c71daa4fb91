//go:build faults

package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/outbox/outboxtest"
	"gamestore.example/pkg/outbox/sqlite"
)

const victimEnv = "OUTBOX_TEST_VICTIM"

// printer is a bus that prints what it confirms.
type printer struct{}

func (printer) Publish(_ context.Context, msgs ...bus.Message) []error {
	for _, m := range msgs {
		_, _ = os.Stdout.WriteString("published " + m.ID + "\n")
	}
	return make([]error, len(msgs))
}

// TestVictim commits events and relays them until it kills itself.
func TestVictim(t *testing.T) {
	path := os.Getenv(victimEnv)
	if path == "" {
		t.Skip("runs as a child alone")
	}
	db := openAt(t, path)
	stop, signal := startRelay(t, db, printer{})
	defer stop()
	var clients sync.WaitGroup
	for c := range 8 {
		clients.Go(func() {
			for i := range 200 {
				prefix := fmt.Sprintf("%d-%d-%d", os.Getpid(), c, i)
				add := handOver(db, signal)
				if i%4 == 0 { // what is handed over and what is not meet in one outbox
					add = appendTo(db)
				}
				if err := add(context.Background(), outboxtest.Records(prefix, 1)...); err != nil {
					t.Error(err)
					return
				}
				_, _ = os.Stdout.WriteString("committed " + prefix + "-0\n")
				signal.Wake()
			}
		})
	}
	clients.Wait()
}

// TestCommittedIsPublishedWhereverTheProcessDies checks both ways, too: what was
// rolled back or never committed is not published.
func TestCommittedIsPublishedWhereverTheProcessDies(t *testing.T) {
	for _, point := range []string{
		"outbox.after-claim", "outbox.after-publish", "outbox.before-mark-sent", "sqldb.before-commit", "sqldb.after-commit",
	} {
		for _, hit := range []int{1, 7} {
			if strings.HasPrefix(point, "sqldb.") {
				hit *= 11
			}
			fault := fmt.Sprintf("%s#%d", point, hit)
			t.Run(fault, func(t *testing.T) { dieAndRecover(t, fault) })
		}
	}
}

func dieAndRecover(t *testing.T, fault string) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	committed, published := runVictim(t, path, fault)

	db := openAt(t, path)
	age(t, db, 31*time.Second) // The leases of the dead run out.
	again := &collector{ids: map[string]bool{}}
	stop, signal := startRelay(t, db, again)
	signal.Wake()
	stop() // The end flushes.
	if st, err := sqlite.NewStore(db).Stats(t.Context()); err != nil || st.Pending != 0 {
		t.Errorf("%d records still wait, %v", st.Pending, err)
	}
	for id := range committed {
		if !published[id] && !again.ids[id] {
			t.Errorf("%s was committed and never published", id)
		}
	}
	for id := range published {
		var n int
		if err := db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM outbox WHERE id = ?`, id).Scan(&n); err != nil || n != 1 {
			t.Errorf("%s was published without being committed: %d rows, %v", id, n, err)
		}
	}
	t.Logf("%d committed, %d published, then %d again or at last", len(committed), len(published), len(again.ids))
}

func runVictim(t *testing.T, path, fault string) (committed, published map[string]bool) {
	t.Helper()
	committed, published = map[string]bool{}, map[string]bool{}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
	cmd.Env = append(os.Environ(), victimEnv+"="+path, "GAMESTORE_FAULT="+fault)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the victim was not killed: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		what, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch what {
		case "committed":
			committed[id] = true
		case "published":
			published[id] = true
		}
	}
	return committed, published
}

// collector notes the ids it confirms. Only the relay's goroutine calls it.
type collector struct{ ids map[string]bool }

func (c *collector) Publish(_ context.Context, msgs ...bus.Message) []error {
	for _, m := range msgs {
		c.ids[m.ID] = true
	}
	return make([]error, len(msgs))
}
