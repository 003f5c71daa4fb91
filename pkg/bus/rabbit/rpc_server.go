package rabbit

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus/delivery"
	"gamestore.example/pkg/rpc"
)

const (
	// longestRequest bounds a request that names no end itself.
	longestRequest = time.Minute
	// requestsAtOnce is how many requests a process serves at a time. They are many
	// because some of them only wait for something.
	requestsAtOnce = 4096
	serverTag      = "gamestore-rpc"
)

// What became of a request, for the metric.
const (
	outcomeAnswered   = "answered"
	outcomeExpired    = "expired"
	outcomeUnasked    = "unasked"    // there was nowhere to answer to
	outcomeUnwanted   = "unwanted"   // the caller is gone
	outcomeUnanswered = "unanswered" // it comes again
)

// rpcServer is one call of Serve. It outlives sessions, and so do its requests.
type rpcServer struct {
	bus      *Bus
	service  string
	handler  rpc.Handler
	requests *prometheus.CounterVec
	serving  sync.WaitGroup
	// handlers is the context of the handlers, cut when the drain is over.
	handlers context.Context
}

// Serve answers the requests to a service until ctx ends, in one session after
// another, many at a time. Requests in flight then have the drain bound to finish.
//
// A request is acknowledged after the broker confirmed its answer. Who dies in
// between leaves it to the next server as a redelivered one. A request past its end
// is acknowledged and not carried out; one without reply-to is carried out and not
// answered. It never fails.
func (b *Bus) Serve(ctx context.Context, service string, h rpc.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(b.life, cancel)()
	handlers, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(b.cfg.Drain, cut) })()
	s := &rpcServer{bus: b, service: service, handler: h, handlers: handlers,
		requests: delivery.Register(b.cfg.Registry, b.cfg.Logger, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gamestore_rpc_requests_total",
			Help: "Requests over the broker, by what became of them: answered, expired, unasked, unwanted or unanswered.",
		}, []string{"destination_name", "outcome"}))}
	supervise(ctx, b.cfg, "rpc "+service, s.serve)
	s.serving.Wait()
	return nil
}

// serve takes requests until the session or ctx ends. Those in flight go on after a
// lost session, and their answers get out by the publisher's.
func (s *rpcServer) serve(ctx context.Context, ses *session) error {
	ch, err := ses.channel()
	if err != nil {
		return err
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	var deliveries <-chan amqp.Delivery
	err = ses.guarded(func() error {
		if err := errors.Join(declareRPC(ch, s.service), ch.Qos(requestsAtOnce, 0, false)); err != nil {
			return err
		}
		deliveries, err = ch.Consume(RPCQueue(s.service), serverTag, false, false, false, false, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("serve %s: %w", RPCQueue(s.service), err)
	}
	// The end of the consumer closes deliveries, after those that were on their way.
	defer context.AfterFunc(ctx, func() {
		_ = ses.guarded(func() error { return ch.Cancel(serverTag, false) })
	})()
	for d := range deliveries {
		s.serving.Go(func() { s.take(ctx, d) })
	}
	if ctx.Err() == nil {
		return endOf(closed)
	}
	s.serving.Wait() // their acknowledgements need the channel
	return nil
}

// take serves one request and settles it, once. An acknowledgement that fails is of a
// session that is over: the request comes again.
func (s *rpcServer) take(ctx context.Context, d amqp.Delivery) {
	outcome := s.outcome(ctx, d)
	s.requests.WithLabelValues(RPCQueue(s.service), outcome).Inc()
	if outcome != outcomeUnanswered {
		_ = d.Ack(false)
	}
}

func (s *rpcServer) outcome(ctx context.Context, d amqp.Delivery) string {
	now := time.Now()
	end := deadline(d, now)
	if !now.Before(end) {
		return outcomeExpired
	}
	requestCtx, cancel := context.WithDeadline(s.handlers, end)
	defer cancel()
	a := s.call(requestCtx, request(d))
	if d.ReplyTo == "" {
		return outcomeUnasked
	}
	return s.answer(ctx, requestCtx, answerLetter(d, a))
}

// call runs the handler and turns a panic into a problem.
func (s *rpcServer) call(ctx context.Context, r rpc.Request) (a rpc.Answer) {
	defer func() {
		if p := recover(); p != nil {
			err := fmt.Errorf("panic in the handler: %v", p)
			s.bus.cfg.Logger.ErrorContext(ctx, "request failed", "operation", r.Operation, "error", err.Error(), "stack", string(debug.Stack()))
			a = rpc.Problem(ctx, err)
		}
	}()
	return s.handler.Serve(ctx, r)
}

// answer publishes an answer until the broker has it, the caller waits no longer, or
// the server stops.
func (s *rpcServer) answer(ctx, requestCtx context.Context, l letter) string {
	for failures := 0; ; failures++ {
		err := s.bus.publisher.publish(requestCtx, []letter{l})[0]
		switch {
		case err == nil:
			return outcomeAnswered
		case errors.Is(err, errReturned):
			return outcomeUnwanted
		case requestCtx.Err() != nil && s.handlers.Err() == nil:
			return outcomeExpired
		}
		s.bus.cfg.Logger.WarnContext(ctx, "an answer could not be sent", "queue", RPCQueue(s.service), "error", err.Error())
		if ctx.Err() != nil || s.handlers.Err() != nil {
			return outcomeUnanswered
		}
		rest(requestCtx, failures)
	}
}
