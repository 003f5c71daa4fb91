package private

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// lockTimeout is longer than the helpers of a broker outlive it.
	lockTimeout = 5 * time.Second
	lockPoll    = 50 * time.Millisecond
)

// ErrInUse says that another broker has the folder: two would damage its data. It may
// have outlived the program that started it.
var ErrInUse = errors.New("another RabbitMQ uses this folder")

// lockFolder locks a broker's folder. The lock lasts as long as the returned file is
// open somewhere, and a broker inherits it: so the folder is free when the broker is
// gone, whatever became of who started it.
func lockFolder(ctx context.Context, dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the broker's folder: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("lock the broker's folder: %w", err), f.Close())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%w: %s", ErrInUse, dir), f.Close())
		}
	}
}
