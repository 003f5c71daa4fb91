package outbox

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// health logs when something begins to fail and when it works again, once each.
type health struct {
	logger *slog.Logger
	what   string
	// quiet is how long nothing may have failed before a success counts as recovery:
	// longer than a message that is refused again and again stays away.
	quiet time.Duration

	mu          sync.Mutex
	since, last time.Time // of the failures; zero while it works
}

// report notes the result of an attempt. An error because ctx ended is none.
func (h *health) report(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil && (h.since.IsZero() || now.Sub(h.last) < h.quiet):
	case err == nil:
		h.logger.InfoContext(ctx, h.what+" works again", "failed_for", h.last.Sub(h.since).Round(time.Millisecond))
		h.since = time.Time{}
	case h.since.IsZero():
		h.since, h.last = now, now
		h.logger.WarnContext(ctx, h.what+" fails, trying again until it works", "error", err)
	default:
		h.last = now
	}
}
