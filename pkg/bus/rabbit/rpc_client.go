package rabbit

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"
	"golang.org/x/sync/semaphore"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
)

// patience bounds a call whose context has no deadline. It is longer than any wait
// that an operation offers.
const patience = 40 * time.Second

// callWait is how long a call waits for a session before it gives up. It is short,
// because somebody waits for the answer.
const callWait = 2 * time.Second

var (
	// errNoService says that there is no queue of the service: it was never there, or is
	// away for long.
	errNoService = errs.New(errs.Unavailable, "no-service", "the service is not there").WithRetryAfter(time.Second)
	// errBusy says that too many requests wait for the service already.
	errBusy = errs.New(errs.Unavailable, "service-busy", "the service has too much to do").WithRetryAfter(time.Second)
)

// Client sends requests to services. All calls share one session, one queue for
// the answers and one consumer of it. It is safe for concurrent use.
type Client struct {
	cfg      Config
	line     *current[line]
	inFlight *semaphore.Weighted
	end      context.CancelFunc
	running  sync.WaitGroup
}

// line is the calling side of one session.
type line struct {
	outgoing chan letter
	replyTo  string
	gone     chan struct{} // closed when the session is over

	mu      sync.Mutex
	waiting map[string]chan<- result // by correlation id
	sent    map[uint64]string        // correlation ids by delivery tag, until the broker confirms
}

// result is what a call gets.
type result struct {
	answer rpc.Answer
	err    error
}

// NewClient returns a client whose session is kept in the background until Close.
// It does not wait for the broker. Of cfg, Window bounds the calls in flight: more of
// them wait.
func NewClient(cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, line: newCurrent[line](), inFlight: semaphore.NewWeighted(int64(cfg.Window))}
	life, end := context.WithCancel(context.Background())
	c.end = end
	c.running.Go(func() { supervise(life, cfg, "call", c.serve) })
	return c, nil
}

// Close ends the session. Calls in flight fail as Unavailable.
func (c *Client) Close() error {
	c.end()
	c.running.Wait()
	return nil
}

// Service returns a caller of a service, such as "games". A call is sent once and
// never repeated.
func (c *Client) Service(name string) rpc.Caller {
	return rpc.CallerFunc(func(ctx context.Context, r rpc.Request) (rpc.Answer, error) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		a, err := c.call(ctx, RPCQueue(name), r)
		if err != nil && ctx.Err() != nil {
			err = errs.Wrap(ctx.Err(), errs.Timeout, "the service did not answer in time")
		}
		return a, err
	})
}

func (c *Client) call(ctx context.Context, queue string, r rpc.Request) (rpc.Answer, error) {
	if err := c.inFlight.Acquire(ctx, 1); err != nil {
		return rpc.Answer{}, err
	}
	defer c.inFlight.Release(1)
	l, err := c.connected(ctx)
	if err != nil {
		return rpc.Answer{}, err
	}
	id := uuid.NewString()
	end, _ := ctx.Deadline() // Service sees to it that there is one
	results := l.expect(id)
	defer l.forget(id)
	select {
	case l.outgoing <- requestLetter(queue, id, l.replyTo, end, r):
	case <-l.gone:
		return rpc.Answer{}, errNoBroker
	case <-ctx.Done():
		return rpc.Answer{}, ctx.Err()
	}
	select {
	case got := <-results:
		return got.answer, got.err
	case <-l.gone:
		return rpc.Answer{}, rpc.ErrLost
	case <-ctx.Done():
		return rpc.Answer{}, ctx.Err()
	}
}

// connected waits a moment for a session.
func (c *Client) connected(ctx context.Context) (*line, error) {
	wait, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	l, err := c.line.get(wait)
	if err != nil && ctx.Err() == nil {
		return nil, errNoBroker
	}
	return l, err
}

// serve keeps the line of one session.
func (c *Client) serve(ctx context.Context, s *session) error {
	ch, err := s.channel()
	if err != nil {
		return err
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	// As many as can be in flight: a full buffer would stop the reader of the connection.
	returns := ch.NotifyReturn(make(chan amqp.Return, c.cfg.Window))
	confirms := ch.NotifyPublish(make(chan amqp.Confirmation, c.cfg.Window))
	l := &line{outgoing: make(chan letter), gone: make(chan struct{}), waiting: map[string]chan<- result{}, sent: map[uint64]string{}}
	var deliveries <-chan amqp.Delivery
	err = s.guarded(func() error {
		// A real queue, not the broker's direct reply-to: a server learns from a returned
		// answer that nobody waits for it.
		q, err := ch.QueueDeclare("", false, true, true, false, nil)
		if err != nil {
			return err
		}
		l.replyTo = q.Name
		if err := ch.Confirm(false); err != nil {
			return err
		}
		deliveries, err = ch.Consume(q.Name, "", true, true, false, false, nil)
		return err
	})
	if err != nil {
		return err
	}
	var writer sync.WaitGroup
	writer.Go(func() { l.write(ch, s) })
	c.line.set(l)
	defer func() {
		c.line.set(nil)
		close(l.gone)
		writer.Wait()
	}()
	for {
		select {
		case d, ok := <-deliveries:
			if !ok {
				return endOf(closed)
			}
			l.deliver(d.CorrelationId, result{answer: answer(d)})
		case r, ok := <-returns:
			if ok {
				l.deliver(r.CorrelationId, result{err: errNoService})
			} else {
				returns = nil
			}
		case confirmed, ok := <-confirms:
			if ok {
				l.confirm(confirmed)
			} else {
				confirms = nil
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// write sends requests, one after the other, so that no caller hangs in the client
// library: a broker that stops reading ends the session by the write's deadline.
func (l *line) write(ch *amqp.Channel, s *session) {
	for {
		select {
		case out := <-l.outgoing:
			l.note(ch.GetNextPublishSeqNo(), out.CorrelationId) // only this goroutine publishes
			if err := ch.Publish(out.exchange, out.key, true, false, out.Publishing); err != nil {
				s.cut()
				return
			}
		case <-l.gone:
			return
		}
	}
}

func (l *line) expect(id string) <-chan result {
	results := make(chan result, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting[id] = results
	return results
}

func (l *line) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, id)
}

func (l *line) note(tag uint64, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[tag] = id
}

// confirm takes notice of what the broker made of a request. One that it refused was
// not carried out: its queue is full.
func (l *line) confirm(c amqp.Confirmation) {
	l.mu.Lock()
	id := l.sent[c.DeliveryTag]
	delete(l.sent, c.DeliveryTag)
	l.mu.Unlock()
	if !c.Ack {
		l.deliver(id, result{err: errBusy})
	}
}

// deliver gives a result to who waits for it, if anybody still does.
func (l *line) deliver(id string, r result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if results, ok := l.waiting[id]; ok {
		delete(l.waiting, id)
		results <- r
	}
}
