package outbox

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/fault"
)

var errNoAnswer = errors.New("the publisher gave no answer")

// outcome is what became of a batch.
type outcome struct {
	sent   []int64
	failed []Failure
	// refused is how many of failed can never be published as they are.
	refused int
	// until is when the lease ends, by this process's clock.
	until time.Time
}

// publish hands a batch to the bus. It is over well before the lease is.
func (r *Relay) publish(ctx context.Context, b batch) outcome {
	records, out := b.records, outcome{until: b.until}
	limited, cancel := context.WithTimeout(ctx, r.cfg.Lease/3)
	defer cancel()
	messages := make([]bus.Message, len(records))
	for i, rec := range records {
		messages[i] = rec.Message
	}
	results := r.pub.Publish(limited, messages...)
	var last error
	for i, rec := range records {
		err := errNoAnswer
		if i < len(results) {
			err = results[i]
		}
		r.metrics.count(rec.Message.Key, err)
		if err == nil {
			out.sent = append(out.sent, rec.Seq)
			continue
		}
		f := Failure{Seq: rec.Seq, Reason: reason(err), RetryIn: r.backoff(rec.Attempts)}
		if errs.ClassOf(err) == errs.Invalid {
			r.refuse(ctx, rec, err)
			out.refused++
			f.RetryIn = r.cfg.Refused
		} else {
			last = err
		}
		out.failed = append(out.failed, f)
	}
	r.publishing.report(ctx, last)
	return out
}

// refuse tells of a record that the bus will never take. It stays in the outbox, where
// people see why, and is tried again now and then: an operator may have mended it.
func (r *Relay) refuse(ctx context.Context, rec Record, err error) {
	r.logger.ErrorContext(ctx, "an event can never be published as it is",
		"message_id", rec.Message.ID, "key", rec.Message.Key, "attempts", rec.Attempts, "error", err.Error())
}

// settle stores what became of a batch. What it cannot store while the lease lasts
// is published again, with the same ids.
func (r *Relay) settle(ctx context.Context, out outcome) {
	ctx, cancel := context.WithDeadline(ctx, out.until)
	defer cancel()
	if len(out.sent) > 0 {
		fault.Point("outbox.before-mark-sent")
		r.insist(ctx, func() error { return r.store.MarkSent(ctx, r.owner, out.sent...) })
	}
	if len(out.failed) > 0 {
		r.insist(ctx, func() error { return r.store.Release(ctx, r.owner, out.failed...) })
	}
}

func (r *Relay) insist(ctx context.Context, do func() error) {
	for n := 1; ; n++ {
		err := do()
		r.storing.report(ctx, err)
		if err == nil {
			return
		}
		timer := time.NewTimer(r.backoff(n))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// backoff returns how long to wait after the n-th failure: twice as long each
// time, up to the bound, half of it at random.
func (r *Relay) backoff(n int) time.Duration {
	d := r.cfg.MinBackoff
	for range n - 1 {
		if d *= 2; d >= r.cfg.MaxBackoff {
			d = r.cfg.MaxBackoff
			break
		}
	}
	return d - rand.N(d/2+1) //nolint:gosec // to spread retries, not a secret
}

// jitter returns d, give or take a tenth, so that relays do not poll in step.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1) //nolint:gosec // to spread polls, not a secret
}

// reason is an error's text, of bounded length.
func reason(err error) string {
	const limit = 300
	s := err.Error()
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.ToValidUTF8(s, "")
}
