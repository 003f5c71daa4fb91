package auth

import (
	"context"
	"fmt"
	"os"
	"time"
)

// lockPoll is how often a taken lock is tried again.
const lockPoll = 10 * time.Millisecond

// lockFile takes the lock that keeps processes from writing the keyring at the
// same time. The system frees it when its process ends, however that ends.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("auth: keyring lock: %w", err)
	}
	for {
		taken, err := tryLock(f)
		if err == nil && taken {
			return func() { _ = f.Close() }, nil
		}
		if err == nil {
			select {
			case <-time.After(lockPoll):
				continue
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		_ = f.Close()
		return nil, fmt.Errorf("auth: keyring lock: %w", err)
	}
}
