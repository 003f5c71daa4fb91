// Package delivery is what every bus adapter does with one delivery: it calls the
// handler, turns panics into errors, holds what the message is not to blame for,
// decides between acknowledge, retry and dead letter, and logs and counts all that.
package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/fault"
	"gamestore.example/pkg/observe"
)

// The pause before a held delivery is tried again: doubled from the first to the
// last, and spread so that workers do not come back all at once.
const (
	firstHold = 100 * time.Millisecond
	lastHold  = 5 * time.Second
)

// Worker hands deliveries of one queue to its handler.
type Worker struct {
	queue   string
	handle  bus.Handler
	steps   int
	logger  *slog.Logger
	metrics queueMetrics
}

// NewWorker returns a worker for a queue whose retry ladder has that many steps.
func NewWorker(queue string, h bus.Handler, steps int, m *Metrics, logger *slog.Logger) *Worker {
	return &Worker{queue: queue, handle: h, steps: steps, metrics: m.queue(queue), logger: logger.With("queue", queue)}
}

// Verdict is what becomes of a delivery.
type Verdict struct {
	// Settle is Hold when the worker had to stop before the delivery was decided:
	// it belongs back into its queue as it was.
	Settle errs.Settle
	// Reason is the code of the error behind a retry or a dead letter.
	Reason errs.Code
}

// Deliver hands m to the handler until it is decided or ctx ends. The handler's
// context is handlerCtx with the message's trace; it should outlive ctx for as long as
// the handler may still finish.
func (w *Worker) Deliver(ctx, handlerCtx context.Context, m bus.Message) Verdict {
	handlerCtx = observe.Extract(handlerCtx, m.Headers)
	for held := 0; ; held++ {
		err := w.call(handlerCtx, Clone(m))
		settle := w.decide(m, err)
		if err != nil && handlerCtx.Err() != nil {
			settle = errs.Hold // cut off by the shutdown: not the message's fault
		}
		w.metrics.outcomes[settle].Inc()
		if err != nil {
			w.report(handlerCtx, m, settle, err, held)
		}
		if settle != errs.Hold {
			return w.verdict(settle, errs.CodeOf(err))
		}
		if !pause(ctx, held) {
			return Verdict{Settle: errs.Hold}
		}
	}
}

// Refuse decides about a delivery that is not fit for the handler, as if the handler had
// failed with err at once.
func (w *Worker) Refuse(ctx context.Context, m bus.Message, err error) Verdict {
	settle := w.decide(m, err)
	w.metrics.outcomes[settle].Inc()
	w.report(ctx, m, settle, err, 0)
	return w.verdict(settle, errs.CodeOf(err))
}

func (w *Worker) verdict(settle errs.Settle, reason errs.Code) Verdict {
	if settle == errs.Dead {
		w.metrics.dead.WithLabelValues(string(reason)).Inc()
	}
	return Verdict{Settle: settle, Reason: reason}
}

// call runs the handler once and turns a panic into an error.
func (w *Worker) call(ctx context.Context, m bus.Message) (err error) {
	started := time.Now()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in the handler: %v\n%s", r, debug.Stack())
		}
		w.metrics.handled(ctx, time.Since(started), errs.CodeOf(err))
	}()
	fault.Point("bus.before-handler")
	fault.Panic(m.ID)
	return w.handle(ctx, m)
}

// decide is what the error asks for, unless the ladder has no step left.
func (w *Worker) decide(m bus.Message, err error) errs.Settle {
	s := errs.SettleOf(err)
	if s == errs.Retry && m.Attempt > w.steps {
		return errs.Dead
	}
	return s
}

// report logs a failed delivery: its code, and only for an Internal error, which
// somebody must look into, the error's text.
func (w *Worker) report(ctx context.Context, m bus.Message, settle errs.Settle, err error, held int) {
	log := w.logger.With("message_id", m.ID, "key", m.Key)
	code := slog.String("code", string(errs.CodeOf(err)))
	if errs.ClassOf(err) == errs.Internal {
		log.ErrorContext(ctx, "handler failed", code, slog.Int("attempt", m.Attempt), slog.String("error", err.Error()))
	}
	switch {
	case settle == errs.Dead:
		log.WarnContext(ctx, "dead letter", code)
	case settle == errs.Retry:
		log.InfoContext(ctx, "delivery will be tried again", code, slog.Int("attempt", m.Attempt))
	case held == 0:
		log.WarnContext(ctx, "delivery held", code)
	}
}

// pause waits before the next try of a held delivery. It returns false when ctx
// has ended.
func pause(ctx context.Context, held int) bool {
	d := lastHold
	if held < 6 {
		d = min(firstHold<<held, lastHold)
	}
	t := time.NewTimer(d - rand.N(d/4)) //nolint:gosec // no secret: it only spreads retries
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// Clone copies a message, so that who gets it may do with it what it likes.
func Clone(m bus.Message) bus.Message {
	m.Headers = maps.Clone(m.Headers)
	m.Body = slices.Clone(m.Body)
	return m
}
