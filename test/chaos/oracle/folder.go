package oracle

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"modernc.org/sqlite" // the files are read as they are, without the store's own code
	sqlitelib "modernc.org/sqlite/lib"
)

// Folder is the data folder of a store, whose files are read beside it: while it
// runs, or after its death. Nothing in them is changed, and no file stays open, so
// that the next start finds what the last one left.
type Folder struct{ Path string }

// Snapshot reads all databases. What is Told and Found comes from elsewhere. It is one
// moment only when nothing writes.
func (f Folder) Snapshot(ctx context.Context) (Snapshot, error) {
	var s Snapshot
	err := f.each(ctx, func(db *sql.DB, file string, tables []string) error {
		for table, read := range readers(file) {
			if !slices.Contains(tables, table) {
				continue
			}
			if err := read(ctx, db, &s); err != nil {
				return fmt.Errorf("table %s of %s: %w", table, file, err)
			}
		}
		return nil
	})
	return s, err
}

// Moving says what is still on its way, or "" if nothing is.
func (f Folder) Moving(ctx context.Context) (string, error) {
	var found []string
	err := f.each(ctx, func(db *sql.DB, file string, tables []string) error {
		for table, condition := range underWay() {
			if !slices.Contains(tables, table) {
				continue
			}
			var n int
			if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+table+" WHERE "+condition).Scan(&n); err != nil { //nolint:gosec // constants
				return fmt.Errorf("table %s of %s: %w", table, file, err)
			}
			if n > 0 {
				found = append(found, fmt.Sprintf("%d in %s of %s", n, table, file))
			}
		}
		return nil
	})
	slices.Sort(found)
	return strings.Join(found, ", "), err
}

// underWay says which rows of a table are still on their way. A payment that was
// cancelled, and of which the provider knows nothing whenever it is asked, has no
// further to go: see idle.
func underWay() map[string]string {
	return map[string]string{
		"purchases":   "status IN ('pending', 'refunding')",
		"payments":    "status NOT IN ('completed', 'failed', 'refunded', 'manual_review') AND NOT (status = 'unknown' AND cancel_requested AND answered >= 3)",
		"outbox":      "sent_at IS NULL",
		"bus_entries": "dead_at IS NULL",
	}
}

// each opens one database after the other.
func (f Folder) each(ctx context.Context, do func(db *sql.DB, file string, tables []string) error) error {
	files, err := filepath.Glob(filepath.Join(f.Path, "*.db"))
	if err != nil {
		return err
	}
	for _, path := range files {
		if err := f.open(ctx, path, do); err != nil {
			return err
		}
	}
	return nil
}

func (f Folder) open(ctx context.Context, path string, do func(*sql.DB, string, []string) error) (err error) {
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"mode": {"ro"}, "_pragma": {"busy_timeout(5000)", "query_only(1)"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	tables, err := list(ctx, db, "SELECT name FROM sqlite_schema WHERE type = 'table'", func(scan scanner, name *string) error { return scan(name) })
	if unborn(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return do(db, filepath.Base(path), tables)
}

// unborn reports whether a file was left by a kill before its database went into WAL
// mode, which is the first thing that happens to it: it holds nothing yet, and only a
// writer can clean up its rollback journal.
func unborn(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == sqlitelib.SQLITE_READONLY_ROLLBACK
}

// scanner is the Scan of one row.
type scanner func(into ...any) error

// list returns all rows of a query.
func list[T any](ctx context.Context, db *sql.DB, query string, read func(scan scanner, one *T) error) (all []T, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var one T
		if err := read(rows.Scan, &one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
