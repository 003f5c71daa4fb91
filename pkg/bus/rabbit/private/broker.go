// Package private starts private RabbitMQ brokers from an installed rabbitmq-server, on
// loopback and free ports, each with a data directory of its own. They need no
// service manager and see nothing of a broker that the machine may run already.
package private

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gamestore.example/pkg/loopback"
)

const (
	server = "/usr/lib/rabbitmq/bin/rabbitmq-server"
	ctl    = "/usr/lib/rabbitmq/bin/rabbitmqctl"

	// node is the same each time, since the data belongs to it. Brokers cannot see each
	// other, because each has an epmd of its own.
	node = "gamestore@localhost"

	// A busy machine may take minutes to start an Erlang node. One that ends instead is
	// an error at once.
	startTimeout = 5 * time.Minute
	stopTimeout  = 2 * time.Minute
)

// Installed reports whether this machine has a RabbitMQ to start.
func Installed() bool {
	_, err := os.Stat(server)
	return err == nil
}

// Broker is a private RabbitMQ.
type Broker struct {
	// URL is its address with the user's name and password.
	URL string
	// Erlang are more arguments of the Erlang machine, from the next Start on.
	Erlang string

	dir string
	// ports are for clients, for other nodes and for epmd.
	port, dist, epmd int
	cmd              *exec.Cmd
	done             chan struct{}
	// names is epmd, which the broker would otherwise leave behind as a daemon.
	names *exec.Cmd
	// leash ends both when this process is killed.
	leash *leash
}

// New prepares a broker in a directory; Start starts it. Both work again and
// again on the same data, New with other ports each time.
func New(dir string) (*Broker, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	ports, err := loopback.Ports(3)
	if err != nil {
		return nil, err
	}
	return &Broker{
		URL: fmt.Sprintf("amqp://guest:guest@127.0.0.1:%d/", ports[0]),
		dir: dir, port: ports[0], dist: ports[1], epmd: ports[2],
	}, nil
}

// Start starts the broker and returns when it takes connections.
func (b *Broker) Start(ctx context.Context) error {
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	lock, err := lockFolder(ctx, b.dir)
	if err != nil {
		return err
	}
	defer lock.Close() // the broker inherits it
	config := filepath.Join(b.dir, "rabbitmq.conf")
	text := fmt.Sprintf("listeners.tcp.1 = 127.0.0.1:%d\nloopback_users = none\ndisk_free_limit.absolute = 50MB\nlog.console = false\n", b.port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	b.names = exec.Command("epmd", "-port", strconv.Itoa(b.epmd), "-address", "127.0.0.1") //nolint:gosec,noctx // endNames ends it
	b.names.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}                              // a Ctrl-C is not for it
	if err := b.names.Start(); err != nil {
		return fmt.Errorf("start epmd: %w", err)
	}
	b.cmd = exec.Command(server) //nolint:noctx // it outlives ctx and is ended by Stop or Kill
	b.cmd.Env, b.cmd.ExtraFiles = b.env(), []*os.File{lock}
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output := &bytes.Buffer{}
	b.cmd.Stdout, b.cmd.Stderr = output, output
	if err := b.cmd.Start(); err != nil {
		b.cmd = nil
		return errors.Join(fmt.Errorf("start RabbitMQ: %w", err), b.endNames())
	}
	cmd, done := b.cmd, make(chan struct{})
	b.done = done
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	if b.leash, err = newLeash(cmd.Process.Pid, b.names.Process.Pid); err != nil {
		return errors.Join(err, b.Kill())
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := b.await(ctx); err != nil {
		return errors.Join(fmt.Errorf("RabbitMQ does not start: %w", err), b.Kill(), errors.New(output.String()))
	}
	return nil
}

func (b *Broker) env() []string {
	set := map[string]string{
		"HOME": b.dir, "RABBITMQ_NODENAME": node, "RABBITMQ_DIST_PORT": strconv.Itoa(b.dist), "ERL_EPMD_PORT": strconv.Itoa(b.epmd), "ERL_EPMD_ADDRESS": "127.0.0.1",
		"RABBITMQ_MNESIA_BASE": filepath.Join(b.dir, "mnesia"), "RABBITMQ_LOG_BASE": filepath.Join(b.dir, "log"),
		"RABBITMQ_CONFIG_FILE": filepath.Join(b.dir, "rabbitmq"), "RABBITMQ_ENABLED_PLUGINS_FILE": filepath.Join(b.dir, "plugins"),
		"RABBITMQ_PID_FILE": filepath.Join(b.dir, "pid"), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": strings.TrimSpace("-kernel inet_dist_use_interface {127,0,0,1} " + b.Erlang),
		"LANG":                                "C.UTF-8",
	}
	env := []string{"PATH=" + os.Getenv("PATH")}
	for k, v := range set {
		env = append(env, k+"="+v)
	}
	return env
}

// await polls until the listener is up and rabbitmqctl says that the node runs.
func (b *Broker) await(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		d := net.Dialer{Timeout: time.Second}
		if c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", b.port)); err == nil {
			return c.Close()
		}
		select {
		case <-tick.C:
		case <-b.done:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Ctl runs rabbitmqctl with arguments and returns what it printed.
func (b *Broker) Ctl(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, ctl, append([]string{"--quiet"}, args...)...) //nolint:gosec // for operators and tests
	cmd.Env = b.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("rabbitmqctl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// Stop ends the broker in order.
func (b *Broker) Stop() error { return b.signal(syscall.SIGTERM) }

// Kill ends the broker with SIGKILL.
func (b *Broker) Kill() error { return b.signal(syscall.SIGKILL) }

// signal ends the process group of the broker, which holds the Erlang machine and
// its helpers, and waits.
func (b *Broker) signal(s syscall.Signal) error {
	if b.cmd == nil {
		return nil
	}
	if err := syscall.Kill(-b.cmd.Process.Pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	defer func() { _ = b.endNames() }()
	if b.leash != nil {
		defer func() { _ = b.leash.let() }()
	}
	select {
	case <-b.done:
		return nil
	case <-time.After(stopTimeout):
		return errors.Join(errors.New("RabbitMQ does not stop"), syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL))
	}
}

// endNames ends epmd, which has nothing to lose.
func (b *Broker) endNames() error {
	err := b.names.Process.Kill()
	_ = b.names.Wait() // it was killed
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}
