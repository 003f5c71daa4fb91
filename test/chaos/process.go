package chaos

import (
	"context"
	"fmt"
	"io"
	"time"

	"gamestore.example/test/chaos/crowd"
	"gamestore.example/test/chaos/program"
)

const (
	startTimeout = 3 * time.Minute
	// readyPoll is how often a starting store is asked whether it is ready.
	readyPoll = 10 * time.Millisecond
)

// Build compiles the store with its fault points into dir, and returns the
// program's path.
func Build(ctx context.Context, dir string) (string, error) {
	return program.Build(ctx, dir, "gamestore.example/deploy/cmd/gamestore")
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
	*program.Process
	api *crowd.API // from ready on
}

// launch runs the store on a data folder. fault is the point to die at,
// "name#hit", or empty. The store dies with ctx.
func launch(ctx context.Context, path, data, fault string, log io.Writer) (*process, error) {
	p, err := program.Launch(ctx, path, arguments(data), []string{"GAMESTORE_FAULT=" + fault, "ADMIN_PASSWORD=" + crowd.AdminPassword}, log)
	if err != nil {
		return nil, err
	}
	return &process{Process: p}, nil
}

// ready waits until the store serves, and reports whether it does: a store that is
// killed while it starts does not.
func (p *process) ready(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case addr := <-p.Addr():
		p.api = crowd.NewAPI("http://" + addr)
	case <-p.Exited():
		return false, nil
	case <-ctx.Done():
		return false, fmt.Errorf("the store does not listen: %w", ctx.Err())
	}
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for !p.api.Ready(ctx) {
		select {
		case <-tick.C:
		case <-p.Exited():
			return false, nil
		case <-ctx.Done():
			return false, fmt.Errorf("the store is not ready: %w", ctx.Err())
		}
	}
	return true, nil
}

// close frees the connections to a store that has ended.
func (p *process) close() {
	if p.api != nil {
		p.api.Close()
	}
}
