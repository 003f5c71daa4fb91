package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"gamestore.example/pkg/errs"
)

// Classify turns what a database returned into what the platform understands. A
// database that is busy, full, broken or closed is Unavailable; classified errors and
// the ends of contexts stay as they are, and so does the rest, which is Internal.
// It keeps the chain of causes, and nil is nil.
func Classify(err error) error {
	var known *errs.Error
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case isDown(err):
		return unavailable(err)
	}
	return err
}

// IsUnique reports whether err is the violation of a unique index or primary
// key. SQLite names the columns, not the index: give "table.column", or
// "table.a, table.b" in the order of the index; only for an index on
// expressions it is the index's name. The empty string matches any of them.
func IsUnique(err error, index string) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
	default:
		return false
	}
	if index == "" {
		return true
	}
	_, what, _ := strings.Cut(e.Error(), "UNIQUE constraint failed: ")
	what, _, _ = strings.Cut(what, " (")
	what = strings.TrimSuffix(strings.TrimPrefix(what, "index '"), "'")
	return compact(what) == compact(index)
}

func compact(columns string) string { return strings.ReplaceAll(columns, " ", "") }

// isDown reports whether the failure is the database's and not the statement's.
func isDown(err error) bool {
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, errTxOver) {
		return true
	}
	switch primary(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	// database/sql does not export this one.
	return strings.Contains(err.Error(), "sql: database is closed")
}

// endsTransaction reports whether SQLite may have rolled the transaction back
// together with the statement.
func endsTransaction(err error) bool {
	if err == nil {
		return false
	}
	switch primary(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ABORT:
		return true
	}
	return errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn)
}

// isBusyAtBegin reports whether another process held the write lock for too long,
// which leaves the connection as it was.
func isBusyAtBegin(err error) bool {
	return errors.Is(err, errBegin) && primary(err) == sqlite3.SQLITE_BUSY
}

// primary returns SQLite's primary result code, or 0.
func primary(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}
