package private

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// leash kills process groups when this process is gone, however it went: nothing but the
// pipe between the two, which the kernel closes, has to work for that.
type leash struct {
	cmd  *exec.Cmd
	pipe io.Closer
}

func newLeash(groups ...int) (*leash, error) {
	args := []string{"-c", `read -r _; kill -s KILL -- "$@"`, "leash"}
	for _, g := range groups {
		args = append(args, strconv.Itoa(-g))
	}
	cmd := exec.Command("/bin/sh", args...)               //nolint:noctx // let ends it
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is not for it
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the broker's leash: %w", err)
	}
	return &leash{cmd: cmd, pipe: pipe}, nil
}

// let ends the leash without its groups.
func (l *leash) let() error {
	err := l.cmd.Process.Kill()
	_ = l.cmd.Wait() // it was killed
	if closed := l.pipe.Close(); err == nil && !errors.Is(closed, os.ErrClosed) {
		err = closed
	}
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}
