package memory

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/fault"
)

const (
	maxSettlements = 1024 // in one transaction of the journal
	firstBackoff   = 50 * time.Millisecond
	lastBackoff    = 5 * time.Second
)

// settler writes what became of a queue's deliveries into the journal, in order,
// many at once and again until it works. Workers do not wait for it: what is lost
// in a crash is delivered again. Its goroutine lives while there is something to write.
type settler struct {
	queue   *queue
	journal Journal
	durable bool
	logger  *slog.Logger

	mu      sync.Mutex
	pending []Settlement
	idle    chan struct{} // closed when the goroutine ends; nil when there is none
	cancel  context.CancelFunc
}

func newSettler(b *Bus, q *queue) *settler {
	return &settler{queue: q, journal: b.journal, durable: b.durable, logger: b.logger.With("queue", q.name)}
}

// add settles one delivery, soon.
func (s *settler) add(ctx context.Context, one Settlement) {
	if !s.durable {
		if one.Outcome == errs.Dead {
			_ = s.journal.Settle(ctx, []Settlement{one}) // in memory: cannot fail
			s.queue.countDead(1)
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, one)
	s.startLocked(ctx)
}

func (s *settler) startLocked(ctx context.Context) {
	if s.idle != nil || len(s.pending) == 0 {
		return
	}
	s.idle = make(chan struct{})
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	go s.run(run)
}

func (s *settler) run(ctx context.Context) {
	backoff := firstBackoff
	for {
		batch := s.next(ctx)
		if batch == nil {
			return
		}
		fault.Point("bus.before-settle")
		err := s.journal.Settle(ctx, batch)
		if err == nil {
			fault.Point("bus.after-settle")
			s.settled(batch)
			backoff = firstBackoff
			continue
		}
		s.logger.ErrorContext(ctx, "the journal does not settle; trying again", "messages", len(batch), "error", err.Error())
		t := time.NewTimer(backoff)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
		backoff = min(2*backoff, lastBackoff)
	}
}

// next returns what to write next, or nil after it has ended the goroutine's turn.
func (s *settler) next(ctx context.Context) []Settlement {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) > 0 && ctx.Err() == nil {
		return s.pending[:min(len(s.pending), maxSettlements)]
	}
	s.cancel()
	close(s.idle)
	s.idle = nil
	return nil
}

func (s *settler) settled(batch []Settlement) {
	dead := 0
	for _, one := range batch {
		if one.Outcome == errs.Dead {
			dead++
		}
	}
	s.mu.Lock()
	s.pending = append([]Settlement(nil), s.pending[len(batch):]...)
	s.mu.Unlock()
	if dead > 0 {
		s.queue.countDead(dead)
	}
}

// flush waits until everything added so far, and what comes meanwhile, is written,
// or ctx ends.
func (s *settler) flush(ctx context.Context) {
	s.mu.Lock()
	s.startLocked(ctx)
	idle, waiting := s.idle, len(s.pending)
	s.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
		s.logger.WarnContext(ctx, "settlements not written; the messages will be delivered again", "messages", waiting)
	}
}

// stop ends the goroutine, if there is one. What is pending stays so: the next
// delivery that settles starts it again.
func (s *settler) stop() {
	s.mu.Lock()
	idle, cancel := s.idle, s.cancel
	s.mu.Unlock()
	if idle != nil {
		cancel()
		<-idle
	}
}
