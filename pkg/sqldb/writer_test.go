package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"gamestore.example/pkg/sqldb"
)

type fn = func(context.Context, sqldb.Querier) error

// hold keeps the writer busy until release.
func hold(db *sqldb.DB) (release func()) {
	held, free := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = db.Write(context.Background(), func(context.Context, sqldb.Querier) error {
			close(held)
			<-free
			return nil
		})
	})
	<-held
	return func() { close(free); wg.Wait() }
}

func TestWhoGivesUpBeforeItsTurnChangesNothing(t *testing.T) {
	db := open(t)
	release := hold(db)
	ctx, cancel := context.WithCancel(context.Background())
	got := make(chan error)
	go func() { got <- db.Write(ctx, insert("late")) }()
	sqldb.WaitForWaiting(db, 1)
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	release()
	if n := count(t, db); n != 0 {
		t.Errorf("%d rows, want none", n)
	}
}

func TestWhoGivesUpInItsTurnHearsWhatHappened(t *testing.T) {
	db := open(t)
	for id, want := range map[string]error{"a": nil, "b": errors.New("refused")} {
		ctx, cancel := context.WithCancel(context.Background())
		err := db.Write(ctx, func(inner context.Context, tx sqldb.Querier) error {
			cancel()
			if inner.Err() != nil || inner.Done() != nil {
				t.Error("the change's context has an end")
			}
			// The caller's own context, by mistake: it must not break the others either.
			if err := insert(id)(ctx, tx); err != nil {
				t.Errorf("insert: %v", err)
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if n := count(t, db); n != 1 {
		t.Errorf("%d rows, want the confirmed one", n)
	}
}

type valueKey struct{}

func TestAChangeSeesTheValuesOfItsCallersContext(t *testing.T) {
	db := open(t)
	ctx := context.WithValue(context.Background(), valueKey{}, "trace")
	err := db.Write(ctx, func(ctx context.Context, _ sqldb.Querier) error {
		if ctx.Value(valueKey{}) != "trace" {
			t.Error("the value is lost")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAWriteInsideAWriteIsRefused(t *testing.T) {
	db, other := open(t), open(t)
	err := db.Write(context.Background(), func(ctx context.Context, _ sqldb.Querier) error {
		if err := db.Write(ctx, insert("inner")); err == nil {
			t.Error("accepted, which would wait for itself")
		}
		return other.Write(ctx, insert("elsewhere"))
	})
	if err != nil || count(t, other) != 1 {
		t.Errorf("a write to another database inside: %v", err)
	}
}

func TestATransactionCannotBeKept(t *testing.T) {
	db := open(t)
	var kept sqldb.Querier
	if err := db.Write(context.Background(), func(_ context.Context, tx sqldb.Querier) error { kept = tx; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := insert("a")(context.Background(), kept); err == nil {
		t.Error("exec after the end")
	}
	if err := kept.QueryRowContext(context.Background(), `SELECT 1`).Scan(new(int)); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("query after the end: %v", err)
	}
}

// TestOneStatementTwiceAtATime: a prepared statement has one cursor.
func TestOneStatementTwiceAtATime(t *testing.T) {
	db := open(t)
	results := together(t, db, insert("a"), insert("b"), insert("c"))
	if err := errors.Join(results...); err != nil {
		t.Fatal(err)
	}
	const after = `SELECT id FROM jobs WHERE id > ? ORDER BY id`
	var got []string
	err := db.Write(context.Background(), func(ctx context.Context, tx sqldb.Querier) error {
		outer, err := tx.QueryContext(ctx, after, "")
		if err != nil {
			return err
		}
		for outer.Next() {
			var id string
			if err := outer.Scan(&id); err != nil {
				return err
			}
			inner, err := tx.QueryContext(ctx, after, id) // left open, too
			if err != nil {
				return err
			}
			for inner.Next() {
				var id2 string
				if err := inner.Scan(&id2); err != nil {
					return err
				}
				got = append(got, id+id2)
			}
		}
		return outer.Err()
	})
	if err != nil || strings.Join(got, " ") != "ab ac bc" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestRowsLeftOpenHinderNobody(t *testing.T) {
	db := open(t)
	read := func(ctx context.Context, tx sqldb.Querier) error {
		rows, err := tx.QueryContext(ctx, `SELECT id FROM jobs`)
		if err != nil {
			return err
		}
		rows.Next()
		return rows.Err()
	}
	failing := func(ctx context.Context, tx sqldb.Querier) error {
		return errors.Join(read(ctx, tx), errors.New("no"))
	}
	results := together(t, db, insert("a"), read, insert("b"), failing, insert("c"))
	if results[0] != nil || results[2] != nil || results[4] != nil || count(t, db) != 3 {
		t.Errorf("%v, %d rows", results, count(t, db))
	}
}

func TestManyStatementTexts(t *testing.T) {
	db := open(t)
	for i := range 600 {
		query := fmt.Sprintf(`INSERT INTO jobs (id, n) VALUES (?, %d)`, i)
		err := db.Write(context.Background(), func(ctx context.Context, tx sqldb.Querier) error {
			_, err := tx.ExecContext(ctx, query, fmt.Sprint(i))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var n int
		query = fmt.Sprintf(`SELECT n FROM jobs WHERE n = %d`, i)
		if err := db.Read().QueryRowContext(context.Background(), query).Scan(&n); err != nil || n != i {
			t.Fatal(n, err)
		}
	}
}
