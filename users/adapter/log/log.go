// Package log is a users.Notifier that only writes into the log, for a store that has no
// mail server.
package log

import (
	"context"
	"errors"
	"log/slog"

	"gamestore.example/users"
)

// Notifier notes that there is a notification, and for whom. Neither the name nor the
// address nor the text is written: logs carry no personal data.
type Notifier struct{ logger *slog.Logger }

var _ users.Notifier = (*Notifier)(nil)

// NewNotifier returns a Notifier that writes to a logger.
func NewNotifier(logger *slog.Logger) (*Notifier, error) {
	if logger == nil {
		return nil, errors.New("log: a logger is required")
	}
	return &Notifier{logger: logger}, nil
}

// Notify implements users.Notifier. It never fails.
func (n *Notifier) Notify(ctx context.Context, m users.Notification) error {
	n.logger.LogAttrs(ctx, slog.LevelInfo, "notification",
		slog.String("notification_id", m.ID), slog.String("user_id", m.To.UserID), slog.String("subject", m.Subject))
	return nil
}
