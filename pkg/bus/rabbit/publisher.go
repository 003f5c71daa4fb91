package rabbit

import (
	"context"
	"errors"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"golang.org/x/sync/semaphore"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/fault"
)

// errNoBroker says that there is no session now. What it was about stays in its outbox.
var errNoBroker = errs.New(errs.Unavailable, "broker-unavailable", "the message broker is not available")

// errReturned says that no queue takes the message.
var errReturned = errs.New(errs.Unavailable, "unroutable", "no queue is bound for the message")

// errNotConfirmed says that the broker refused a message or was lost before it
// answered: whether it has it is unknown, so it must be published again.
var errNotConfirmed = errs.New(errs.Unavailable, "not-confirmed", "the broker did not confirm the message")

// letter is a message on its way to an exchange.
type letter struct {
	exchange, key string
	amqp.Publishing
}

// publisher pipelines confirmed publishes over one session after another.
type publisher struct {
	cfg    Config
	outlet *current[outlet]
}

// outlet is the publishing side of one session.
type outlet struct {
	session *session
	ch      *amqp.Channel
	window  *semaphore.Weighted
	gone    chan struct{} // closed when the session is over

	mu       sync.Mutex
	stalled  chan struct{} // closed when what is in flight is given up, while the broker takes nothing
	returns  chan amqp.Return
	returned map[string]bool // message ids
}

func newPublisher(cfg Config) *publisher {
	return &publisher{cfg: cfg, outlet: newCurrent[outlet]()}
}

// run keeps a session until ctx ends.
func (p *publisher) run(ctx context.Context) {
	supervise(ctx, p.cfg, "publish", p.serve)
}

func (p *publisher) serve(ctx context.Context, s *session) error {
	o, err := p.open(s)
	if err != nil {
		return err
	}
	blocked := s.conn.NotifyBlocked(make(chan amqp.Blocking, 1))
	p.outlet.set(o)
	defer func() {
		p.outlet.set(nil)
		close(o.gone)
	}()
	var stall <-chan time.Time
	for {
		select {
		case err := <-s.closed:
			return closeError(err)
		case b := <-blocked:
			p.cfg.Logger.WarnContext(ctx, "the broker changed whether it takes messages", "blocked", b.Active, "reason", b.Reason)
			stall = p.block(o, b.Active)
		case <-stall:
			o.stall()
			stall = time.After(p.cfg.WriteTimeout) // for who came through the window meanwhile
		case <-ctx.Done():
			return nil
		}
	}
}

// block is for a broker under an alarm. It reads nothing from this session then: what
// is sent would wait in the socket, and be published twice when the alarm is over. So nothing more is
// sent, and what is in flight is given up when the returned channel says so.
func (p *publisher) block(o *outlet, active bool) <-chan time.Time {
	if !active {
		p.outlet.set(o)
		return nil
	}
	p.outlet.set(nil)
	return time.After(p.cfg.WriteTimeout)
}

func (p *publisher) open(s *session) (*outlet, error) {
	ch, err := s.channel()
	if err != nil {
		return nil, err
	}
	if err := s.guarded(func() error { return errors.Join(declareExchanges(ch), ch.Confirm(false)) }); err != nil {
		return nil, err
	}
	// A channel can die alone, of an unknown exchange for instance; the session goes with it.
	channelClosed := ch.NotifyClose(make(chan *amqp.Error, 1))
	go func() {
		for range channelClosed { // it is closed after at most one error
			s.cut()
		}
	}()
	return &outlet{
		session: s, ch: ch, gone: make(chan struct{}), stalled: make(chan struct{}), window: semaphore.NewWeighted(int64(p.cfg.Window)),
		// As many as can be in flight: a full buffer would stop the reader of the connection.
		returns:  ch.NotifyReturn(make(chan amqp.Return, p.cfg.Window)),
		returned: map[string]bool{},
	}, nil
}

func closeError(err *amqp.Error) error {
	if err == nil {
		return nil
	}
	return err
}

// publish sends letters and returns one error for each.
func (p *publisher) publish(ctx context.Context, letters []letter) []error {
	results := make([]error, len(letters))
	for start := 0; start < len(letters); start += p.cfg.Window {
		end := min(start+p.cfg.Window, len(letters))
		p.publishWindow(ctx, letters[start:end], results[start:end])
	}
	return results
}

func (p *publisher) publishWindow(ctx context.Context, letters []letter, results []error) {
	o, err := p.outlet.get(ctx)
	if err == nil {
		err = o.window.Acquire(ctx, int64(len(letters)))
	}
	if err != nil {
		for i := range results {
			results[i] = err
		}
		return
	}
	defer o.window.Release(int64(len(letters)))
	stalled := o.stalling()
	confirms := o.send(letters, results)
	fault.Point("rabbit.before-confirm")
	for i, c := range confirms {
		if c != nil {
			results[i] = o.await(ctx, c, stalled)
		}
	}
	o.markReturned(letters, results)
}

// send writes all letters before it waits for anything. A failed write ends the
// session: how much of it arrived is unknown.
func (o *outlet) send(letters []letter, results []error) []*amqp.DeferredConfirmation {
	confirms := make([]*amqp.DeferredConfirmation, len(letters))
	wire := o.session.socket.Load()
	wire.cork()
	for i, l := range letters {
		c, err := o.ch.PublishWithDeferredConfirm(l.exchange, l.key, true, false, l.Publishing)
		if err != nil {
			for j := i; j < len(letters); j++ {
				results[j] = errNotConfirmed.WithCause(err)
			}
			o.session.cut()
			break
		}
		confirms[i] = c
	}
	if err := wire.uncork(); err != nil {
		o.session.cut() // nobody will confirm what was not sent
	}
	return confirms
}

// stalling returns what is closed when letters that are sent from now on are given up.
func (o *outlet) stalling() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stalled
}

// stall gives up what is in flight.
func (o *outlet) stall() {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.stalled)
	o.stalled = make(chan struct{})
}

func (o *outlet) await(ctx context.Context, c *amqp.DeferredConfirmation, stalled <-chan struct{}) error {
	select {
	case <-c.Done():
		if c.Acked() {
			return nil
		}
		return errNotConfirmed
	case <-o.gone:
		return errNotConfirmed
	case <-stalled:
		return errNotConfirmed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// markReturned turns confirmed letters that came back into failures. The broker
// sends a return before its confirm, so all that matter here have arrived.
func (o *outlet) markReturned(letters []letter, results []error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.returns) > 0 {
		r, ok := <-o.returns
		if !ok {
			break
		}
		o.returned[r.MessageId] = true
	}
	if len(o.returned) == 0 {
		return
	}
	for i, l := range letters {
		if o.returned[l.MessageId] {
			results[i] = errReturned
		}
	}
	for _, l := range letters {
		delete(o.returned, l.MessageId)
	}
}
