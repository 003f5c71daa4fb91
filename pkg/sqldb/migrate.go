package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"github.com/pressly/goose/v3"
)

const setName = `^[a-z][a-z0-9_]{0,30}$`

// Migrate brings the tables of one set up to date. The files NNNNN_name.sql in the root of
// fsys are goose migrations (https://github.com/pressly/goose). Each set
// keeps its own version in the table goose_<set>, so that several share a
// file. It is idempotent, and safe when several processes start at once.
func Migrate(ctx context.Context, db *DB, set string, fsys fs.FS) error {
	if ok, err := regexp.MatchString(setName, set); err != nil || !ok {
		return fmt.Errorf("sqldb: %q is not the name of a set of migrations", set)
	}
	// Of those who apply the same migration at once one succeeds, and the others
	// find it applied when they look again.
	const tries = 3
	var err error
	for range tries {
		if err = migrate(ctx, db, set, fsys); err == nil {
			return nil
		}
	}
	return fmt.Errorf("migrate %s: %w", set, Classify(err))
}

func migrate(ctx context.Context, db *DB, set string, fsys fs.FS) (err error) {
	// A pool of its own: goose needs one, and the writer's belongs to its goroutine.
	pool, err := sql.Open("sqlite", db.dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	p, err := goose.NewProvider(goose.DialectSQLite3, pool, fsys,
		goose.WithTableName("goose_"+set), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}
