package flow

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// notable passes on what is worth reading after a test failed: not each call that
// went well.
type notable struct{ slog.Handler }

// Handle implements slog.Handler.
func (n notable) Handle(ctx context.Context, r slog.Record) error {
	if r.Level <= slog.LevelInfo && (r.Message == "call" || r.Message == "request") {
		return nil
	}
	return n.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (n notable) WithAttrs(attrs []slog.Attr) slog.Handler {
	return notable{n.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (n notable) WithGroup(name string) slog.Handler { return notable{n.Handler.WithGroup(name)} }

// logSize is how much of a World's log is kept, in bytes.
const logSize = 32 << 10

// logbook keeps the end of a log.
type logbook struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if len(l.text) > 2*logSize {
		l.text = append(l.text[:0], l.text[len(l.text)-logSize:]...)
	}
	return len(p), nil
}

// String returns the last lines.
func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := string(l.text)
	if len(text) > logSize {
		text = text[len(text)-logSize:]
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}
