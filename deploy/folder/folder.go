// Package folder keeps a store's data folder for one user at a time.
package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"gamestore.example/pkg/errs"
)

// ErrInUse says that another process has the folder.
var ErrInUse = errs.New(errs.Conflict, "data-in-use", "another process uses this data folder")

// Lock makes the data folder if it is missing, and keeps others out of it for as long
// as this process lives: two stores would deliver each message of the journal twice.
// A killed process leaves no lock behind.
func Lock(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = errors.Join(err, f.Close())
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrInUse.WithDetail("folder", dir).WithCause(err)
		}
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	return f.Close, nil
}
