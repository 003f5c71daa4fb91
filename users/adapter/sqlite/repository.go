// Package sqlite keeps accounts in a SQLite file, with the outbox and the inbox of the
// service in the same transactions.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"gamestore.example/pkg/outbox"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
	"gamestore.example/users"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate makes the tables of accounts, or brings them up to date. The outbox has a
// migration of its own.
func Migrate(ctx context.Context, db *sqldb.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("users migrations: %w", err)
	}
	if err := sqldb.Migrate(ctx, db, "users", files); err != nil {
		return err
	}
	return db.Write(ctx, overwriteFreed)
}

// overwriteFreed has SQLite overwrite with zeros what is deleted on the writer's
// connection from now on, so that an erased account is not left in the file.
func overwriteFreed(ctx context.Context, tx sqldb.Querier) error {
	var on int
	if err := tx.QueryRowContext(ctx, `PRAGMA secure_delete = ON`).Scan(&on); err != nil {
		return fmt.Errorf("turn secure_delete on: %w", err)
	}
	return nil
}

// Encoder turns an event into the record that is published.
type Encoder func(ctx context.Context, e users.Event) (outbox.Record, error)

// Repository implements users.Repository.
type Repository struct {
	db     *sqldb.DB
	encode Encoder
	signal outbox.Signal
}

var _ users.Repository = (*Repository)(nil)

// NewRepository returns a Repository on a database that Migrate and the outbox's
// Migrate have prepared. It wakes the signal after it has committed events.
func NewRepository(db *sqldb.DB, encode Encoder, signal outbox.Signal) *Repository {
	return &Repository{db: db, encode: encode, signal: signal}
}

// writeUser runs fn in a transaction, in which it also writes the account that fn
// returns and its change.
func (r *Repository) writeUser(ctx context.Context, statement string, fn func(ctx context.Context, tx sqldb.Querier) (users.User, users.Change, error)) (users.User, error) {
	var (
		u     users.User
		wrote bool
	)
	err := r.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		var (
			change users.Change
			err    error
		)
		if u, change, err = fn(ctx, tx); err != nil {
			return err
		}
		if change.Erase {
			if err := overwriteFreed(ctx, tx); err != nil {
				return err
			}
		}
		if err := putUser(ctx, tx, statement, u); err != nil {
			return err
		}
		wrote = len(change.Events) > 0
		return r.apply(ctx, tx, u.ID, change)
	})
	if err != nil {
		return users.User{}, err
	}
	if wrote {
		r.signal.Wake()
	}
	return u, nil
}

const (
	insertUser = `
INSERT INTO users (id, email, name, password_hash, roles, admin, version, created_at, updated_at, deleted_at)
VALUES (?1, nullif(?2, ''), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`

	updateUser = `
UPDATE users SET email = nullif(?2, ''), name = ?3, password_hash = ?4, roles = ?5, admin = ?6,
    version = ?7, created_at = ?8, updated_at = ?9, deleted_at = ?10
WHERE id = ?1`
)

func putUser(ctx context.Context, tx sqldb.Querier, statement string, u users.User) error {
	_, err := tx.ExecContext(ctx, statement, u.ID, u.Email, u.Name, u.PasswordHash, strings.Join(u.Roles, " "), u.IsAdmin(),
		u.Version, sqldb.Micros(u.CreatedAt), sqldb.Micros(u.UpdatedAt), sqldb.Micros(u.DeletedAt))
	if sqldb.IsUnique(err, "users.email") {
		return users.ErrEmailTaken
	}
	if err != nil {
		return fmt.Errorf("write the account: %w", err)
	}
	return nil
}

// CreateUser implements users.Repository.
func (r *Repository) CreateUser(ctx context.Context, u users.User, change users.Change) error {
	_, err := r.writeUser(ctx, insertUser, func(context.Context, sqldb.Querier) (users.User, users.Change, error) {
		return u, change, nil
	})
	return err
}

// UpdateUser implements users.Repository.
func (r *Repository) UpdateUser(ctx context.Context, id string, update func(users.User) (users.User, users.Change, error)) (users.User, error) {
	return r.writeUser(ctx, updateUser, func(ctx context.Context, tx sqldb.Querier) (users.User, users.Change, error) {
		u, err := scanUser(tx.QueryRowContext(ctx, userByID, id))
		if err != nil {
			return users.User{}, users.Change{}, err
		}
		return update(u)
	})
}

// apply writes what goes with an account, in the order that lets a change erase
// what was and add to what is.
func (r *Repository) apply(ctx context.Context, tx sqldb.Querier, userID string, change users.Change) error {
	if change.Erase {
		if err := erase(ctx, tx, userID); err != nil {
			return err
		}
	}
	if change.Revoke != nil {
		if err := revoke(ctx, tx, userID, *change.Revoke); err != nil {
			return err
		}
	}
	if change.Open != nil {
		if err := openSession(ctx, tx, *change.Open); err != nil {
			return err
		}
	}
	for _, e := range change.Entries {
		if _, err := addEntry(ctx, tx, e); err != nil {
			return err
		}
	}
	records := make([]outbox.Record, 0, len(change.Events))
	for _, e := range change.Events {
		record, err := r.encode(ctx, e)
		if err != nil {
			return fmt.Errorf("encode an event: %w", err)
		}
		records = append(records, record)
	}
	return outboxsqlite.Append(ctx, tx, records...)
}

const (
	selectUser = `SELECT id, coalesce(email, ''), name, password_hash, roles, version, created_at, updated_at, deleted_at FROM users `

	userByID    = selectUser + `WHERE id = ?`
	userByEmail = selectUser + `WHERE email = ?`
)

// User implements users.Repository.
func (r *Repository) User(ctx context.Context, id string) (users.User, error) {
	return scanUser(r.db.Read().QueryRowContext(ctx, userByID, id))
}

// UserByEmail implements users.Repository.
func (r *Repository) UserByEmail(ctx context.Context, email string) (users.User, error) {
	return scanUser(r.db.Read().QueryRowContext(ctx, userByEmail, email))
}

// HasAdmin implements users.Repository.
func (r *Repository) HasAdmin(ctx context.Context) (bool, error) {
	var has bool
	if err := r.db.Read().QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE admin = 1)`).Scan(&has); err != nil {
		return false, fmt.Errorf("look for an admin: %w", sqldb.Classify(err))
	}
	return has, nil
}

// userRow is an account as it is selected.
type userRow struct {
	user                      users.User
	roles                     string
	created, updated, deleted int64
}

func (r *userRow) targets() []any {
	u := &r.user
	return []any{&u.ID, &u.Email, &u.Name, &u.PasswordHash, &r.roles, &u.Version, &r.created, &r.updated, &r.deleted}
}

func (r *userRow) value() users.User {
	u := r.user
	if r.roles != "" {
		u.Roles = strings.Split(r.roles, " ")
	}
	u.CreatedAt, u.UpdatedAt, u.DeletedAt = sqldb.FromMicros(r.created), sqldb.FromMicros(r.updated), sqldb.FromMicros(r.deleted)
	return u
}

func scanUser(row *sql.Row) (users.User, error) {
	var r userRow
	err := row.Scan(r.targets()...)
	if errors.Is(err, sql.ErrNoRows) {
		return users.User{}, users.ErrUserNotFound
	}
	if err != nil {
		return users.User{}, fmt.Errorf("read the account: %w", sqldb.Classify(err))
	}
	return r.value(), nil
}
