package sqlite_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/outbox"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
	"gamestore.example/users"
	"gamestore.example/users/adapter/sqlite"
	"gamestore.example/users/userstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, path string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	for _, migrate := range []func(context.Context, *sqldb.DB) error{outboxsqlite.Migrate, sqlite.Migrate, sqlite.Migrate} {
		if err := migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestRepository(t *testing.T) {
	userstest.RunRepository(t, func(t *testing.T, encode userstest.Encoder) userstest.Harness {
		db, signal := open(t, filepath.Join(t.TempDir(), "users.db")), outbox.NewSignal()
		return userstest.Harness{Repo: sqlite.NewRepository(db, encode, signal), Outbox: outboxsqlite.NewStore(db), Signal: signal}
	})
}

func noEvents(context.Context, users.Event) (outbox.Record, error) { return outbox.Record{}, nil }

func TestAnErasedAccountIsNotInTheFiles(t *testing.T) {
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "users.db"))
	repo := sqlite.NewRepository(db, noEvents, outbox.NewSignal())
	u := users.User{ID: "user-1", Email: "canary-address@example.com", Name: "Canary Name", PasswordHash: "canary-hash", Version: 1}
	if err := repo.CreateUser(t.Context(), u, users.Change{Entries: []users.Entry{{UserID: u.ID, Kind: users.PurchaseFailed, GameID: "canary-game"}}}); err != nil {
		t.Fatal(err)
	}
	_, err := repo.UpdateUser(t.Context(), u.ID, func(u users.User) (users.User, users.Change, error) {
		return u.Tombstone(time.Now()), users.Change{Erase: true}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil { // writes the log back into the file
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(bytes.ToLower(content), []byte("canary")) {
			t.Errorf("%s still has the erased data", filepath.Base(file))
		}
	}
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "users.db"))
	repo := sqlite.NewRepository(db, noEvents, outbox.NewSignal())
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"CreateUser": func() error { return repo.CreateUser(t.Context(), users.User{ID: "u", Email: "a@b.c"}, users.Change{}) },
		"User":       func() error { _, err := repo.User(t.Context(), "u"); return err },
		"HasAdmin":   func() error { _, err := repo.HasAdmin(t.Context()); return err },
		"Grant":      func() error { _, err := repo.Grant(t.Context(), users.TokenHash{}); return err },
		"AddEntry":   func() error { _, err := repo.AddEntry(t.Context(), "m", users.Entry{}); return err },
		"History":    func() error { _, err := repo.History(t.Context(), "u", users.Position{}, 1); return err },
		"Prune":      func() error { _, err := repo.PruneSessions(t.Context(), time.Now(), 1); return err },
	} {
		if err := call(); errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("%s: got %v, want an error of class Unavailable", name, err)
		}
	}
}
