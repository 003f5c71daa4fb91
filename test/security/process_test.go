package security_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gamestore.example/deploy/up"
	// The programs under test: a cached result of these tests is of this code.
	_ "gamestore.example/deploy/standalone"
)

// built is where the programs are, once they are needed.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "gamestore-security-")
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", dir+string(filepath.Separator),
		"gamestore.example/deploy/cmd/gamestore", "gamestore.example/gateway/cmd/gateway").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return dir, err
})

var began sync.Once

// leave removes the programs, if there are any, and ends the process.
func leave(status int) {
	needed := true
	began.Do(func() { needed = false })
	if needed {
		if dir, _ := built(); dir != "" {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(status)
}

func program(t *testing.T, name string) string {
	t.Helper()
	began.Do(func() {})
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// running is a program with a caller at its door.
type running struct {
	caller
	*up.Process
	addr string
	log  *journal
}

// launch runs a program until the test ends, and waits until it is ready.
func launch(t *testing.T, name string, args ...string) *running {
	t.Helper()
	r := &running{addr: freeAddr(t), log: &journal{}}
	p, err := up.Program{
		Name: name, Path: program(t, name), Args: append([]string{"-http.addr", r.addr}, args...), URL: "http://" + r.addr,
		Env: []string{"ADMIN_PASSWORD=" + passphrase},
	}.Start(r.log)
	if err != nil {
		t.Fatal(err)
	}
	r.Process = p
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}}
	r.caller = caller{t: t, base: p.URL, client: client}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("what %s printed:\n%.20000s", name, r.log)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return r
}

// store runs the whole store as one process.
func store(t *testing.T, args ...string) *running {
	t.Helper()
	return launch(t, "gamestore", append([]string{"-data", t.TempDir(), "-log.level", "debug"}, args...)...)
}

// memory is what the process holds of a kind of memory now, such as VmRSS or VmHWM (the most
// of it ever), in bytes.
func (r *running) memory(kind string) int64 {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(r.PID()), "status"))
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		if value, ok := strings.CutPrefix(string(line), kind+":"); ok {
			kb, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				r.t.Fatal(err)
			}
			return kb << 10
		}
	}
	r.t.Fatalf("no %s in %s", kind, data)
	return 0
}
