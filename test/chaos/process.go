package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 30 * time.Second
	// readyPoll is how often a starting store is asked whether it is ready.
	readyPoll = 10 * time.Millisecond
)

// Build compiles the store with its fault points into dir, and returns the
// program's path.
func Build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "gamestore")
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "faults", "-o", program, "gamestore.example/deploy/cmd/gamestore")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the store: %w\n%s", err, out)
	}
	return program, nil
}

// arguments are those of every store under test. The provider that does not answer
// is given up soon, what failed is tried again soon, and no client comes too often. Leases
// are the store's own.
func arguments(data string) []string {
	args := []string{
		"-data", data, "-http.addr", "127.0.0.1:0", "-log.format", "json",
		"-payments.provider.timeout", "300ms", "-payments.provider.charge-delay", "500ms",
		"-payments.retry.first", "200ms", "-payments.retry.cap", "1s",
		"-payments.reconcile.first", "200ms", "-payments.reconcile.cap", "1s",
		"-games.sweep.after", "3s", "-games.sweep.every", "1s", "-games.sweep.max", "5s",
	}
	for _, class := range []string{"auth", "purchase", "read"} {
		args = append(args, "-gateway.rate."+class+".address", "off", "-gateway.rate."+class+".user", "off")
	}
	return args
}

// process is one running store.
type process struct {
	cmd    *exec.Cmd
	addr   chan string   // gets the gateway's address
	exited chan struct{} // closed when the process is gone
	// state is how it ended; read it after exited.
	state error
	api   *api // from ready on

	mu     sync.Mutex
	errors []string // messages that the store logged as errors
	last   []string // its last lines
}

// launch runs the store on a data folder. fault is the point to die at,
// "name#hit", or empty. The store dies with ctx.
func launch(ctx context.Context, program, data, fault string, log io.Writer) (*process, error) {
	cmd := exec.CommandContext(ctx, program, arguments(data)...) //nolint:gosec // it was built here
	cmd.Env = []string{"GAMESTORE_FAULT=" + fault, "ADMIN_PASSWORD=" + adminPassword}
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the store: %w", err)
	}
	p := &process{cmd: cmd, exited: make(chan struct{}), addr: make(chan string, 1)}
	go func() {
		defer close(p.exited)
		p.follow(out, log)
		p.state = cmd.Wait()
	}()
	return p, nil
}

// follow copies the log, and picks out of it what matters.
func (p *process) follow(out io.Reader, log io.Writer) {
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

func (p *process) remember(line string) {
	const keep = 20
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last = append(p.last, line); len(p.last) > keep {
		p.last = slices.Delete(p.last, 0, 1)
	}
}

// ready waits until the store serves, and reports whether it does: a store that is
// killed while it starts does not.
func (p *process) ready(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case addr := <-p.addr:
		p.api = newAPI("http://" + addr)
	case <-p.exited:
		return false, nil
	case <-ctx.Done():
		return false, fmt.Errorf("the store does not listen: %w", ctx.Err())
	}
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for !p.api.ready(ctx) {
		select {
		case <-tick.C:
		case <-p.exited:
			return false, nil
		case <-ctx.Done():
			return false, fmt.Errorf("the store is not ready: %w", ctx.Err())
		}
	}
	return true, nil
}

func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// kill sends SIGKILL and waits for the end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be dead already
	<-p.exited
}

// terminate asks the store to drain.
func (p *process) terminate() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && p.alive() {
		return fmt.Errorf("stop the store: %w", err)
	}
	return nil
}

// drained waits for the end after terminate, and returns how it was if not clean.
func (p *process) drained() error {
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.exited:
		return p.state
	case <-timer.C:
		p.kill()
		return errors.New("the store does not stop")
	}
}

// close frees the connections to a store that has ended.
func (p *process) close() {
	if p.api != nil {
		p.api.close()
	}
}

// killed reports whether SIGKILL ended the process.
func (p *process) killed() bool {
	var exit *exec.ExitError
	if p.alive() || !errors.As(p.state, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// complaints returns what the store logged as errors.
func (p *process) complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.errors)
}

// lastLines returns the end of the log.
func (p *process) lastLines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.last)
}
