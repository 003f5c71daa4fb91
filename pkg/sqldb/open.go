package sqldb

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gamestore.example/pkg/errs"
)

// makeFile makes the database file if it is missing, and returns its full path.
// An existing file is never opened here: closing it would drop the locks that
// SQLite holds on it in this process.
func makeFile(path string) (string, error) {
	if path == "" || strings.HasPrefix(path, ":") || strings.HasPrefix(path, "file:") {
		return "", errs.New(errs.Invalid, "", fmt.Sprintf("%q is not the path of a database file", path))
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("database file: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
		return "", fmt.Errorf("folder of the database: %w", err)
	}
	info, err := os.Stat(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return full, create(full)
	case err != nil:
		return "", fmt.Errorf("database file: %w", err)
	case !info.Mode().IsRegular():
		return "", errs.New(errs.Invalid, "", fmt.Sprintf("%q is not a regular file", path))
	case info.Mode().Perm()&0o077 != 0:
		if err := os.Chmod(full, 0o600); err != nil {
			return "", fmt.Errorf("make the database file private: %w", err)
		}
	}
	return full, nil
}

// create makes the file before SQLite does, which would give it the mode of the umask. The
// log beside it takes over this mode.
func create(full string) error {
	f, err := os.OpenFile(full, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create the database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("create the database file: %w", err)
	}
	return syncDir(filepath.Dir(full))
}

// syncDir makes a new name in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("folder of the database: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync the folder of the database: %w", err)
	}
	return nil
}

func writeDSN(file string, busy time.Duration) string {
	return dsn(file, busy, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"temp_store(MEMORY)", "cache_size(-8000)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)")
}

func readDSN(file string, busy time.Duration) string {
	return dsn(file, busy, "query_only(1)", "temp_store(MEMORY)", "cache_size(-4000)")
}

func dsn(file string, busy time.Duration, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}}
	// The timeout comes first: the change to WAL mode may have to wait already.
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()))
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Path: file, RawQuery: q.Encode()}).String()
}
