package sqlite

import (
	"context"
	"strings"

	"gamestore.example/pkg/bus/memory"
)

// Waiting returns where messages with these ids wait to be handled, in any queue,
// oldest first. Dead letters are not among them.
func (j *Journal) Waiting(ctx context.Context, messageIDs ...string) ([]memory.Entry, error) {
	if len(messageIDs) == 0 {
		return nil, nil
	}
	args := make([]any, len(messageIDs))
	for i, id := range messageIDs {
		args[i] = id
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(args)), ",")
	rows, err := j.db.Read().QueryContext(ctx, `SELECT `+entryColumns+` FROM bus_entries
		WHERE dead_at IS NULL AND message_id IN (`+marks+`) ORDER BY id`, args...)
	if err != nil {
		return nil, wrap("look for messages", err)
	}
	entries, err := collect(rows, scanEntry)
	return entries, wrap("look for messages", err)
}
