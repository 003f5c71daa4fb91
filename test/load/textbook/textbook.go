package textbook

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	_ "modernc.org/sqlite" // the driver
)

const (
	exchange     = "textbook.events"
	keyPurchased = "game.purchased"
	keyPaid      = "payment.completed"
)

// Flow is a running flow: the games and the payments service, which meet at the broker alone.
type Flow struct {
	// Addr is where purchases are made.
	Addr string

	stop    context.CancelFunc
	running sync.WaitGroup
	closers []func() error

	mu     sync.Mutex
	failed error
}

// Start starts the flow with its databases in a folder. catalogue has the price of each game.
func Start(ctx context.Context, dir, broker string, catalogue map[string]int64) (_ *Flow, err error) {
	f := &Flow{}
	ctx, f.stop = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	g, err := f.openGames(ctx, filepath.Join(dir, "games.db"), catalogue)
	if err != nil {
		return nil, err
	}
	p, err := f.openPayments(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := f.connect(ctx, broker, "games", keyPaid, g.db, g.paid); err != nil {
		return nil, err
	}
	if err := f.connect(ctx, broker, "payments", keyPurchased, p.db, p.purchased); err != nil {
		return nil, err
	}
	return f, f.listen(ctx, g.handler())
}

// connect gives a service its connections, its queue and its relay.
func (f *Flow) connect(ctx context.Context, broker, service, key string, db *sql.DB, handle handler) error {
	publishing, err := f.dial(broker)
	if err != nil {
		return err
	}
	r, err := newRelay(publishing, db)
	if err != nil {
		return err
	}
	consuming, err := f.dial(broker)
	if err != nil {
		return err
	}
	c, err := newConsumer(consuming, service, key, handle)
	if err != nil {
		return err
	}
	f.run(func() error { return r.run(ctx) })
	f.run(func() error { return c.run(ctx) })
	return nil
}

func (f *Flow) dial(broker string) (*amqp.Channel, error) {
	conn, err := amqp.Dial(broker)
	if err != nil {
		return nil, err
	}
	f.closers = append(f.closers, conn.Close)
	ch, err := conn.Channel()
	if err != nil {
		return nil, err
	}
	return ch, ch.ExchangeDeclare(exchange, amqp.ExchangeTopic, true, false, false, false, nil)
}

func (f *Flow) listen(ctx context.Context, h http.Handler) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f.Addr = l.Addr().String()
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	f.closers = append(f.closers, server.Close)
	f.run(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return nil
}

// run runs a part until Close. Its error ends nothing, but Err tells it.
func (f *Flow) run(part func() error) {
	f.running.Go(func() {
		err := part()
		f.mu.Lock()
		defer f.mu.Unlock()
		f.failed = errors.Join(f.failed, err)
	})
}

// Err is what went wrong so far.
func (f *Flow) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// Close ends the flow. Nothing is lost by it: it would go on from its databases and queues.
func (f *Flow) Close() error {
	f.stop()
	var failures []error
	for i := len(f.closers) - 1; i >= 0; i-- {
		failures = append(failures, f.closers[i]())
	}
	f.running.Wait()
	return errors.Join(append(failures, f.Err())...)
}

// openDB opens a database and makes its tables.
func (f *Flow) openDB(ctx context.Context, file, schema string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+file+
		"?_txlock=immediate&_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	f.closers = append(f.closers, db.Close)
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, fmt.Errorf("tables of %s: %w", file, err)
	}
	return db, nil
}

// inTx runs fn in a transaction of its own.
func inTx(ctx context.Context, db *sql.DB, fn func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
