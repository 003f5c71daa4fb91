package rabbit

import (
	"context"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
)

// Bury puts a message among the dead letters of a declared queue, for who was handed it by
// something else than Consume. Nil means that the broker has it durably there. After any
// other result it may be there: bury it again.
func (b *Bus) Bury(ctx context.Context, queue string, m bus.Message, reason errs.Code) error {
	return b.publisher.publish(ctx, []letter{dead(queue, m, reason, time.Now())})[0]
}
