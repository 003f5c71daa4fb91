package cluster

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockDatabase holds the write lock of a service's database, as a tool of an operator
// might.
func lockDatabase(ctx context.Context, l *lane, f Fault) (err error) {
	dsn := url.URL{Scheme: "file", Path: filepath.Join(l.Folder.Path, f.kind.service+".db"), RawQuery: "_pragma=busy_timeout(20000)"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("lock the database: %w", err)
	}
	waited := l.hold(ctx, f)
	_, err = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return errors.Join(waited, err)
}

// diskSize is the file system for the data of a store.
const diskSize = "400m"

// mount puts a small file system below a folder, if this process may.
func mount(dir string) (unmount func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+diskSize+",mode=700"); err != nil {
		return nil, fmt.Errorf("mount a small disk: %w", err)
	}
	return func() error { return syscall.Unmount(dir, syscall.MNT_DETACH) }, nil
}

// diskFull fills the file system of the data, and frees it after a while.
func diskFull(ctx context.Context, l *lane, f Fault) error {
	path := filepath.Join(l.Folder.Path, "ballast")
	end := time.Now().Add(f.For)
	var failures []error
	for time.Now().Before(end) { // whoever frees a little must not keep it
		if err := fill(path); err != nil {
			failures = append(failures, err)
			break
		}
		if err := pass(ctx, restPoll); err != nil {
			failures = append(failures, err)
			break
		}
	}
	return errors.Join(append(failures, os.Remove(path))...)
}

// fill appends to a file until the disk is full.
func fill(path string) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for size := 1 << 20; size > 0; {
		_, err := file.Write(make([]byte, size))
		switch {
		case errors.Is(err, syscall.ENOSPC):
			size /= 2
		case err != nil:
			return err
		}
	}
	return nil
}

// CanMount says why a small file system cannot be mounted, if so.
func CanMount(dir string) error {
	unmount, err := mount(filepath.Join(dir, "mounted"))
	if err != nil {
		return err
	}
	return unmount()
}
