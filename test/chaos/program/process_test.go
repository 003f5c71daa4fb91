package program_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gamestore.example/test/chaos/program"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shell runs a script that prints to stderr.
func shell(t *testing.T, script string, log io.Writer) *program.Process {
	t.Helper()
	p, err := program.Launch(t.Context(), "/bin/sh", []string{"-c", script}, []string{"GREETING=hello"}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestALogIsRead(t *testing.T) {
	var log bytes.Buffer
	p := shell(t, `exec >&2
echo '{"level":"INFO","msg":"listening","addr":"127.0.0.1:1"}'
echo '{"level":"ERROR","msg":"no luck"}'
echo $GREETING; exit 3`, &log)
	if err := p.State(); err == nil || err.Error() != "exit status 3" {
		t.Errorf("it ended with %v", err)
	}
	if got := <-p.Addr(); got != "127.0.0.1:1" {
		t.Errorf("it listens at %q", got)
	}
	if diff := cmp.Diff([]string{`{"level":"ERROR","msg":"no luck"}`}, p.Complaints()); diff != "" {
		t.Error(diff)
	}
	if again := p.Complaints(); len(again) > 0 {
		t.Errorf("it complains twice: %v", again)
	}
	if got := p.LastLines(); len(got) != 3 || got[2] != "hello" {
		t.Errorf("its last lines are %q", got)
	}
	if p.Alive() || p.Killed() || !strings.HasSuffix(log.String(), "hello\n") {
		t.Errorf("alive %t, killed %t, logged %q", p.Alive(), p.Killed(), log.String())
	}
}

func TestAKilledProcessIsToldFromOneThatEnds(t *testing.T) {
	p := shell(t, "exec sleep 600", io.Discard)
	if !p.Alive() || p.PID() == 0 {
		t.Error("it is not there")
	}
	p.Kill()
	if p.Alive() || !p.Killed() {
		t.Errorf("killed, it is alive %t, killed %t", p.Alive(), p.Killed())
	}
	q := shell(t, "trap 'exit 0' TERM; echo ready >&2; while :; do sleep 0.01; done", io.Discard)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for len(q.LastLines()) == 0 && q.Alive() {
		<-tick.C
	}
	if err := q.Terminate(); err != nil {
		t.Error(err)
	}
	if err := q.Drained(); err != nil || q.Killed() {
		t.Errorf("it drained with %v, killed %t", err, q.Killed())
	}
}
