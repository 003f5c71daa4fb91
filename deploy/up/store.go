package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gamestore.example/deploy/folder"
	"gamestore.example/pkg/bus/rabbit/private"
)

// readyTimeout bounds the start of one program, which takes long on a busy machine. One
// that ends instead is an error at once.
const readyTimeout = 5 * time.Minute

// errNoBroker says what to do about a missing RabbitMQ.
var errNoBroker = errors.New("no rabbitmq-server is installed (Debian: apt-get install rabbitmq-server), and no AMQP_URL names another")

// Run starts the store, says where it is, and runs it until ctx ends or one of its
// programs does, which is an error. Then it ends all, the last started first.
func Run(ctx context.Context, cfg Config, out io.Writer) (err error) {
	out = &serial{out: out}
	unlock, err := folder.Lock(cfg.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	broker, stopBroker, err := openBroker(ctx, cfg, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopBroker()) }()
	programs, err := cfg.Programs(broker)
	if err != nil {
		return err
	}
	running, err := StartAll(ctx, programs, out)
	if err == nil {
		fmt.Fprintf(out, "The store is at %s\n", programs[len(programs)-1].URL)
		err = watch(ctx, running)
	}
	if ctx.Err() != nil { // it was told to stop, maybe while it started
		err = nil
	}
	fmt.Fprintln(out, "Stopping.")
	return errors.Join(err, StopAll(running))
}

// openBroker returns the URL of the broker and what ends it, if it is our own.
func openBroker(ctx context.Context, cfg Config, out io.Writer) (string, func() error, error) {
	if cfg.AMQP != "" {
		return cfg.AMQP, func() error { return nil }, nil
	}
	if !private.Installed() {
		return "", nil, errNoBroker
	}
	b, err := private.New(cfg.in("rabbitmq"))
	if err != nil {
		return "", nil, err
	}
	fmt.Fprintln(out, "Starting a private RabbitMQ.")
	if err := b.Start(ctx); err != nil {
		return "", nil, err
	}
	fmt.Fprintf(out, "RabbitMQ is at %s\n", b.URL)
	return b.URL, b.Stop, nil
}

// StartAll starts programs, each when the one before is ready, and returns those that
// it started, also when one does not come up.
func StartAll(ctx context.Context, programs []Program, out io.Writer) ([]*Process, error) {
	var running []*Process
	for _, p := range programs {
		started, err := p.Start(out)
		if err == nil {
			running = append(running, started)
			err = ready(ctx, started)
		}
		if err != nil {
			return running, err
		}
	}
	return running, nil
}

func ready(ctx context.Context, p *Process) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return p.Ready(ctx)
}

// watch waits until ctx ends or one of the processes does.
func watch(ctx context.Context, running []*Process) error {
	ended := make(chan *Process, len(running))
	for _, p := range running {
		go func() { // at the latest StopAll lets it end
			<-p.Exited()
			ended <- p
		}()
	}
	select {
	case <-ctx.Done():
		return nil
	case p := <-ended:
		return fmt.Errorf("%s has ended by itself", p.Name)
	}
}

// StopAll ends processes in order, the last one first, and returns the errors of
// those that did not end clean.
func StopAll(running []*Process) error {
	var failures []error
	for i := len(running) - 1; i >= 0; i-- {
		failures = append(failures, running[i].Stop())
	}
	return errors.Join(failures...)
}
