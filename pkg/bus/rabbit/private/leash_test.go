package private

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// sleeper is a process group of its own with a child.
func sleeper(t *testing.T) (*exec.Cmd, <-chan struct{}) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "sleep 600 & wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	return cmd, ended
}

func TestALeashKillsWhenItsHolderIsGone(t *testing.T) {
	one, oneEnded := sleeper(t)
	two, twoEnded := sleeper(t)
	l, err := newLeash(one.Process.Pid, two.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.pipe.Close() // as the kernel does
	for _, ended := range []<-chan struct{}{oneEnded, twoEnded} {
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			t.Fatal("a process outlives its leash")
		}
	}
	_ = l.cmd.Wait()
}

func TestALeashThatIsLetKillsNobody(t *testing.T) {
	one, ended := sleeper(t)
	l, err := newLeash(one.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.let(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
		t.Fatal("it was killed")
	default:
	}
}
