// Package program runs the programs under test: it builds them with their fault
// points, reads their logs, and ends them, also when the test itself is killed.
package program

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is longer than a program takes to drain.
const stopTimeout = 2 * time.Minute

// Process is one running program.
type Process struct {
	name   string
	cmd    *exec.Cmd
	addr   chan string   // gets where it listens
	exited chan struct{} // closed when the process is gone
	state  error         // how it ended; read after exited

	mu     sync.Mutex
	errors []string // messages that it logged as errors
	last   []string // its last lines
}

// Launch runs a program with an environment of its own. It dies with ctx, and with
// the process that launched it.
func Launch(ctx context.Context, path string, args, env []string, log io.Writer) (*Process, error) {
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // it was built by Build
	cmd.Env = env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	p := &Process{name: path, cmd: cmd, exited: make(chan struct{}), addr: make(chan string, 1)}
	go func() {
		defer close(p.exited)
		p.follow(out, log)
		p.state = cmd.Wait()
	}()
	return p, nil
}

// follow copies the log, and picks out of it what matters.
func (p *Process) follow(out io.Reader, log io.Writer) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fmt.Fprintln(log, lines.Text())
		p.remember(lines.Text())
		if !bytes.Contains(lines.Bytes(), []byte(`"addr"`)) && !bytes.Contains(lines.Bytes(), []byte(`"ERROR"`)) {
			continue
		}
		var line struct{ Level, Msg, Addr string }
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue
		}
		if line.Addr != "" {
			select {
			case p.addr <- line.Addr:
			default:
			}
		}
		if line.Level == "ERROR" {
			p.mu.Lock()
			p.errors = append(p.errors, lines.Text())
			p.mu.Unlock()
		}
	}
}

func (p *Process) remember(line string) {
	const keep = 20
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last = append(p.last, line); len(p.last) > keep {
		p.last = slices.Delete(p.last, 0, 1)
	}
}

// Addr gets where the program listens, once.
func (p *Process) Addr() <-chan string { return p.addr }

// Exited is closed when the process is gone.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Alive reports whether the process is there.
func (p *Process) Alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// State returns how a process ended: nil if clean. It waits for the end.
func (p *Process) State() error {
	<-p.exited
	return p.state
}

// Kill sends SIGKILL and waits for the end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may be dead already
	<-p.exited
}

// Terminate asks the process to drain.
func (p *Process) Terminate() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && p.Alive() {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	return nil
}

// Drained waits for the end after Terminate, and returns how it was if not clean.
func (p *Process) Drained() error {
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.exited:
		return p.state
	case <-timer.C:
		p.Kill()
		return errors.New("it does not stop")
	}
}

// Killed reports whether SIGKILL ended the process.
func (p *Process) Killed() bool {
	var exit *exec.ExitError
	if p.Alive() || !errors.As(p.state, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// Complaints returns what the process logged as errors since the last call.
func (p *Process) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := p.errors
	p.errors = nil
	return lines
}

// LastLines returns the end of the log.
func (p *Process) LastLines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.last)
}
