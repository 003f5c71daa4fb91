package load

import (
	"context"
	"database/sql"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	_ "modernc.org/sqlite" // the driver of the limit without the product's own code

	"gamestore.example/pkg/sqldb"
)

const row = "INSERT INTO jobs(payload) VALUES ('0192f0c1-0000-7000-8000-000000000001 and what a purchase weighs, more or less')"

// appendSync is the disk's own speed for something durable: one record, one sync.
func appendSync(b *testing.B) {
	f, err := os.OpenFile(filepath.Join(b.TempDir(), "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	record := make([]byte, 512)
	for b.Loop() {
		if _, err := f.Write(record); err != nil {
			b.Fatal(err)
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
	}
}

// sqlitePerRequest is what everybody writes first: a transaction for each request.
func sqlitePerRequest(b *testing.B) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "x.db")+
		"?_txlock=immediate&_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // writers that wait for a turn are faster than writers that poll for a lock
	if _, err := db.ExecContext(b.Context(), "CREATE TABLE jobs(id INTEGER PRIMARY KEY, payload TEXT)"); err != nil {
		b.Fatal(err)
	}
	concurrently(b, func() error {
		tx, err := db.BeginTx(b.Context(), nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.ExecContext(b.Context(), row); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// sqliteGrouped is the same through the writer that the store uses.
func sqliteGrouped(b *testing.B) {
	db, err := sqldb.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "x.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	write := func(query string) error {
		return db.Write(b.Context(), func(ctx context.Context, tx sqldb.Querier) error {
			_, err := tx.ExecContext(ctx, query)
			return err
		})
	}
	if err := write("CREATE TABLE jobs(id INTEGER PRIMARY KEY, payload TEXT)"); err != nil {
		b.Fatal(err)
	}
	concurrently(b, func() error { return write(row) })
}

// bareHTTP is the standard library's server and client with nothing between them.
func bareHTTP(b *testing.B) {
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { //nolint:gosec // measured bare
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"one","name":"One"}`)
	})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	client := newClient()
	concurrently(b, func() error { return get(b.Context(), client, "http://"+l.Addr().String()+"/") })
}

// newClient keeps a connection for each caller.
func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4 * Clients}}
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
