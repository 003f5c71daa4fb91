package processes_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"gamestore.example/deploy/demo"
	"gamestore.example/deploy/up"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
)

// launch runs the command up on a folder, as make up does, and returns it with the
// store's address.
func launch(t *testing.T, l *log, dir string, args ...string) (*up.Process, string) {
	t.Helper()
	free := "127.0.0.1:0"
	p, err := up.Program{Name: "up", Path: filepath.Join(programs(t), "up"), Env: []string{"ADMIN_PASSWORD=" + adminPassword}, Args: append([]string{
		"-data", dir, "-http.addr", free, "-users.addr", free, "-games.addr", free, "-payments.addr", free,
	}, args...)}.Start(l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })
	var found []string
	where := regexp.MustCompile(`The store is at (http://\S+)`)
	await(t, "up says where the store is", func() bool {
		found = where.FindStringSubmatch(l.String())
		select {
		case <-p.Exited():
			t.Fatalf("up has ended: %v\n%s", p.Err(), l)
		default:
		}
		return found != nil
	})
	return p, found[1]
}

func TestUpRunsTheStoreAndEndsItInOrder(t *testing.T) {
	broker, dir, l := rabbittest.URL(t), t.TempDir(), &log{}
	p, base := launch(t, l, dir, "-amqp.url", broker)
	var told bytes.Buffer
	if err := demo.Tell(t.Context(), base, &told); err != nil {
		t.Errorf("%v\n%s\n%s", err, told.String(), l)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("up did not end clean: %v\n%s", err, l)
	}
	anybody := &client{t: t, base: base, http: &http.Client{}}
	if status := anybody.send(call{method: http.MethodGet, path: "/healthz"}, nil); status != 0 {
		t.Errorf("the gateway outlived up: %d", status)
	}
}

func TestUpEndsWithTheFirstOfItsProgramsThatDoes(t *testing.T) {
	broker, dir, l := rabbittest.URL(t), t.TempDir(), &log{}
	// A users service that is told nonsense never gets ready.
	bin := t.TempDir()
	for _, name := range []string{up.Games, up.Payments, up.Gateway} {
		if err := os.Symlink(filepath.Join(programs(t), name), filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(bin, up.Users), []byte("#!/bin/sh\necho broken; exit 3\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	p, err := up.Program{Name: "up", Path: filepath.Join(programs(t), "up"), Args: []string{
		"-bin", bin, "-data", dir, "-amqp.url", broker, "-http.addr", "127.0.0.1:0",
		"-users.addr", "127.0.0.1:0", "-games.addr", "127.0.0.1:0", "-payments.addr", "127.0.0.1:0",
	}}.Start(l)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Exited():
	case <-time.After(patience):
		t.Fatal("up waits for ever")
	}
	if p.Err() == nil || !regexp.MustCompile(`users +\| broken\n`).MatchString(l.String()) {
		t.Errorf("it ended with %v and printed\n%s", p.Err(), l)
	}
}
