package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"gamestore.example/pkg/lifecycle"
)

const (
	// readyPoll is how often a program that starts is asked whether it is ready.
	readyPoll = 20 * time.Millisecond
	// answerTimeout bounds one such question. A program that looks at its database on a
	// busy disk takes its time.
	answerTimeout = 10 * time.Second
	// stopTimeout is longer than a program takes that ends in order.
	stopTimeout = lifecycle.DefaultDrain + 5*time.Second
	// tail is how long to wait for the last output of a program that has ended.
	tail = 2 * time.Second
)

// Process is a program at work.
type Process struct {
	Program
	cmd    *exec.Cmd
	exited chan struct{}
	err    error // how it ended; read after exited
}

// Start starts the program. What it prints goes to out, each line after its name. A
// Ctrl-C in the terminal is not for it: whoever started it ends it.
func (p Program) Start(out io.Writer) (*Process, error) {
	cmd := exec.Command(p.Path, p.Args...) //nolint:gosec,noctx // the operator names it, and Stop or Kill ends it
	cmd.Env = append(os.Environ(), p.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = tail
	lines := &prefixed{prefix: fmt.Sprintf("%-9s| ", p.Name), out: out}
	cmd.Stdout, cmd.Stderr = lines, lines // one writer for both: exec never calls it twice at once
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	running := &Process{Program: p, cmd: cmd, exited: make(chan struct{})}
	go func() {
		defer close(running.exited)
		running.err = cmd.Wait()
		lines.flush()
	}()
	return running, nil
}

// PID is the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited is closed when the process is gone.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Err returns nil if the process has ended with status 0, else how it has ended or
// that it has not.
func (p *Process) Err() error {
	select {
	case <-p.exited:
		if p.err != nil {
			return fmt.Errorf("%s: %w", p.Name, p.err)
		}
		return nil
	default:
		return fmt.Errorf("%s runs", p.Name)
	}
}

// Ready waits until the program says that it is ready. One that listens nowhere is
// ready at once.
func (p *Process) Ready(ctx context.Context) error {
	if p.URL == "" {
		return nil
	}
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for !answers(ctx, p.URL+"/readyz") {
		select {
		case <-tick.C:
		case <-p.exited:
			return errors.Join(fmt.Errorf("%s has ended before it was ready", p.Name), p.Err())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", p.Name, ctx.Err())
		}
	}
	return nil
}

func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	transport := &http.Transport{DisableKeepAlives: true} // no proxy, and nothing stays open
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Stop asks the process to end in order, waits, and returns Err. One that does not
// end in time is killed, which is an error.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.exited:
		return p.Err()
	case <-timer.C:
		return errors.Join(fmt.Errorf("%s does not stop", p.Name), p.Kill())
	}
}

// Kill ends the process with SIGKILL and waits.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.Name, err)
	}
	<-p.exited
	return nil
}
