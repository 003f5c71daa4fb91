package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"gamestore.example/pkg/errs"
)

// ErrNoDatabase says that there is no file to look into.
var ErrNoDatabase = errs.New(errs.NotFound, "no-database", "no such database")

// errReadOnly is what Write returns on a database that is only looked at.
var errReadOnly = errors.New("sqldb: the database is open for reading alone")

// lookers is how many connections somebody who only looks has.
const lookers = 2

// OpenReadOnly opens an existing SQLite file to look into it, beside whoever writes to
// it: it takes no lock that a writer would wait for. Write is refused.
// ErrNoDatabase if there is no such file.
func OpenReadOnly(ctx context.Context, path string) (*DB, error) {
	full, err := Existing(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"mode": {"ro"}}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", (5*time.Second).Milliseconds()))
	q.Add("_pragma", "query_only(1)")
	db := &DB{}
	dsn := (&url.URL{Scheme: "file", Path: full, RawQuery: q.Encode()}).String()
	if db.reader, err = openReader(ctx, dsn, lookers); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, Classify(err))
	}
	db.close = sync.OnceValue(db.reader.close)
	return db, nil
}

// Existing returns the full path of a database file, or ErrNoDatabase. OpenSQLite
// makes what is missing: ask first where a missing file is a mistake.
func Existing(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", ErrNoDatabase.WithDetail("path", path).WithCause(err)
	case err != nil:
		return "", fmt.Errorf("database file: %w", err)
	case !info.Mode().IsRegular():
		return "", errs.New(errs.Invalid, "", fmt.Sprintf("%q is not a regular file", path))
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("database file: %w", err)
	}
	return full, nil
}
