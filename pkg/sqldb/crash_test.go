package sqldb_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gamestore.example/pkg/sqldb"
)

// victimEnv names the database of the child that the test below kills.
const victimEnv = "SQLDB_TEST_VICTIM"

// TestVictim writes until it is killed, and prints what is confirmed.
func TestVictim(t *testing.T) {
	path := os.Getenv(victimEnv)
	if path == "" {
		t.Skip("runs as a child alone")
	}
	db, _ := openAt(t, path)
	var wg sync.WaitGroup
	for client := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), client, i)
				// The pair must be there together or not at all.
				err := db.Write(context.Background(), func(ctx context.Context, tx sqldb.Querier) error {
					if err := insert(id)(ctx, tx); err != nil {
						return err
					}
					_, err := tx.ExecContext(ctx, `INSERT INTO parts (id, job) VALUES (?1, ?1)`, id)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = os.Stdout.WriteString("confirmed " + id + "\n")
			}
		})
	}
	wg.Wait()
}

func TestConfirmedSurvivesAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	var confirmed []string
	for round := range 3 {
		confirmed = append(confirmed, killAfter(t, path, 300+round*111)...)
	}
	db, _ := openAt(t, path)
	for _, id := range confirmed {
		var n int
		const both = `SELECT (SELECT count(*) FROM jobs WHERE id = ?1) + (SELECT count(*) FROM parts WHERE id = ?1)`
		if err := db.Read().QueryRowContext(t.Context(), both, id).Scan(&n); err != nil || n != 2 {
			t.Errorf("%s was confirmed and has %d of 2 rows, %v", id, n, err)
		}
	}
	var jobs, parts int
	const totals = `SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM parts)`
	if err := db.Read().QueryRowContext(t.Context(), totals).Scan(&jobs, &parts); err != nil || jobs != parts || jobs < len(confirmed) {
		t.Errorf("%d jobs and %d parts, %v; %d confirmed", jobs, parts, err, len(confirmed))
	}
}

// killAfter runs the victim, kills it once it confirmed n changes, and returns the
// ids of all that it confirmed.
func killAfter(t *testing.T, path string, n int) (ids []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
	cmd.Env = append(os.Environ(), victimEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		id, ok := strings.CutPrefix(lines.Text(), "confirmed ")
		if !ok {
			t.Errorf("the victim said %q", lines.Text())
			break
		}
		ids = append(ids, id)
		if len(ids) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(ids) < n {
		t.Fatalf("the victim ended by itself after %d: %v", len(ids), err)
	}
	return ids
}
