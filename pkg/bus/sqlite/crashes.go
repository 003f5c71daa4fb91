package sqlite

import (
	"context"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/sqldb"
)

// As RabbitMQ does, the journal gives up a message whose delivery ended the process 20
// times: 5 starts until it is suspect, and begunLimit deliveries that are counted.
const (
	// suspect is a condition: entries that more than 5 starts found. Most of them only waited.
	suspect = `starts > 5`
	// begunLimit is how many deliveries of a suspect entry may end with the process.
	begunLimit = 15
)

// start counts a start of the process for what a queue holds.
func start(ctx context.Context, tx sqldb.Querier, queue string) error {
	_, err := tx.ExecContext(ctx, `UPDATE bus_entries SET reason = ?, dead_at = CAST(1000000 * unixepoch('subsec') AS INTEGER)
		WHERE queue = ? AND dead_at IS NULL AND begun >= ?`, string(bus.ReasonDeliveryLimit), queue, begunLimit)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE bus_entries SET starts = starts + 1 WHERE queue = ? AND dead_at IS NULL AND NOT (`+suspect+`)`, queue)
	return err
}

// Begin counts a delivery of a suspect entry.
func (j *Journal) Begin(ctx context.Context, id int64) error {
	err := j.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		_, err := tx.ExecContext(ctx, `UPDATE bus_entries SET begun = begun + 1 WHERE id = ?`, id)
		return err
	})
	return wrap("count a delivery", err)
}
