package rabbit

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// tries notes when sessions failed.
type tries struct {
	slog.Handler
	at chan time.Time
}

func (h tries) Enabled(context.Context, slog.Level) bool  { return true }
func (h tries) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h tries) Handle(context.Context, slog.Record) error { h.at <- time.Now(); return nil }

// A broker that is away for hours is looked for all the time, never often and never at one pace.
func TestReconnectingGoesOnWithoutEndAndWithJitter(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h := tries{at: make(chan time.Time, 100_000)}
		cfg, err := Config{URL: "amqp://" + addr + "/", Logger: slog.New(h)}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		const away = 6 * time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), away)
		defer cancel()
		supervise(ctx, cfg, "test", func(context.Context, *session) error { return errors.New("not reached") })
		close(h.at)
		var gaps []time.Duration
		last := time.Time{}
		for at := range h.at {
			if !last.IsZero() {
				gaps = append(gaps, at.Sub(last))
			}
			last = at
		}
		if len(gaps) < int(away/(2*lastPause)) {
			t.Fatalf("%d tries in %v", len(gaps), away)
		}
		if gaps[0] > 2*firstPause {
			t.Errorf("the second try came after %v", gaps[0])
		}
		different := map[time.Duration]bool{}
		for i, g := range gaps {
			different[g] = true
			if g < firstPause/2 || g > lastPause+lastPause/2 {
				t.Errorf("gap %d is %v", i, g)
			}
			if i > 10 && g < lastPause/2 {
				t.Errorf("gap %d is still %v", i, g)
			}
		}
		if len(different) < len(gaps)/2 {
			t.Errorf("only %d different gaps of %d", len(different), len(gaps))
		}
	})
}
