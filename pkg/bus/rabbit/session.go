package rabbit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
	// steady is how long a session must have lasted for the pause to start small again.
	steady = 30 * time.Second
)

// session is one connection with its socket. It is never mended, only replaced.
type session struct {
	conn   *amqp.Connection
	socket atomic.Pointer[socket]
	closed chan *amqp.Error
	// watchdog bounds the calls of guarded.
	watchdog time.Duration
}

// dial opens a connection. The dial ends with ctx.
func dial(ctx context.Context, cfg Config, purpose string) (*session, error) {
	s := &session{watchdog: cfg.watchdog()}
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(cfg.Name + " " + purpose)
	stop := context.AfterFunc(ctx, s.cut)
	defer stop()
	conn, err := amqp.DialConfig(cfg.URL, amqp.Config{
		Heartbeat:       cfg.Heartbeat,
		TLSClientConfig: cfg.tlsConfig(),
		Properties:      properties,
		Dial: func(network, addr string) (net.Conn, error) {
			d := net.Dialer{Timeout: s.watchdog}
			raw, err := d.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			// The handshake clears this deadline when it is done.
			if err := raw.SetDeadline(time.Now().Add(s.watchdog)); err != nil {
				return nil, errors.Join(err, raw.Close())
			}
			bounded := &socket{Conn: raw, timeout: cfg.WriteTimeout}
			s.socket.Store(bounded)
			return bounded, nil
		},
	})
	if err != nil {
		s.cut()
		return nil, fmt.Errorf("connect to the broker: %w", err)
	}
	s.conn = conn
	s.closed = conn.NotifyClose(make(chan *amqp.Error, 1))
	return s, nil
}

// cut closes the socket, which ends everything that waits for the broker.
func (s *session) cut() {
	if socket := s.socket.Load(); socket != nil {
		_ = socket.Close()
	}
}

// guarded runs a call of the client library that may hang, and cuts the socket if it does.
func (s *session) guarded(call func() error) error {
	defer time.AfterFunc(s.watchdog, s.cut).Stop()
	return call()
}

// channel opens a channel, never waiting longer than the watchdog.
func (s *session) channel() (ch *amqp.Channel, err error) {
	err = s.guarded(func() error {
		ch, err = s.conn.Channel()
		return err
	})
	return ch, err
}

// end closes the connection in order, or by force.
func (s *session) end() {
	_ = s.guarded(s.conn.Close)
	s.cut()
}

// supervise keeps one session at a time until ctx ends. use runs with each and
// returns when its session is of no more use.
func supervise(ctx context.Context, cfg Config, purpose string, use func(context.Context, *session) error) {
	logger := cfg.Logger.With("connection", purpose)
	for failures := 0; ctx.Err() == nil; failures++ {
		began := time.Now()
		if err := once(ctx, cfg, purpose, logger, use); err != nil && ctx.Err() == nil {
			logger.WarnContext(ctx, "session with the broker ended", "error", err.Error())
		}
		if time.Since(began) > steady {
			failures = 0
		}
		rest(ctx, failures)
	}
}

func once(ctx context.Context, cfg Config, purpose string, logger *slog.Logger, use func(context.Context, *session) error) error {
	s, err := dial(ctx, cfg, purpose)
	if err != nil {
		return err
	}
	defer s.end()
	logger.InfoContext(ctx, "session with the broker began")
	return use(ctx, s)
}

// rest waits a growing, jittered time.
func rest(ctx context.Context, failures int) {
	pause := min(firstPause<<min(failures, 10), lastPause)
	t := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // no secret: it only spreads reconnects
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
