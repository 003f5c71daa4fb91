package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"golang.org/x/sync/semaphore"

	contractgames "gamestore.example/pkg/contract/games"
)

// What is the same for all who publish and consume: the body is a real event, the queue is a
// quorum queue with the same arguments, messages are persistent and confirmed.
const (
	// window is how many messages wait for a confirm at most.
	window = 1024
	// ahead is how many deliveries the broker sends without an acknowledgement.
	ahead = 256
	// backlog is how many messages are published and not consumed at most, so that the
	// speed of both together is measured.
	backlog = 4096
	topic   = "game.purchased"
)

func quorum() amqp.Table {
	return amqp.Table{"x-queue-type": "quorum", "x-overflow": "reject-publish"}
}

// post is what publishes and consumes for a round.
type post struct {
	body    []byte
	room    *semaphore.Weighted
	current atomic.Pointer[tally]
	// publish publishes until begin ends. It takes room for each message.
	publish func(begin, ctx context.Context) error
	// failed says why the consumer has ended.
	failed chan error
	end    func() error
}

func newPost() (*post, error) {
	golden := contractgames.Golden(topic)
	if golden == nil {
		return nil, errors.New("no golden event " + topic)
	}
	var body bytes.Buffer // as it travels: without the white space for readers
	if err := json.Compact(&body, golden); err != nil {
		return nil, err
	}
	return &post{body: body.Bytes(), room: semaphore.NewWeighted(backlog), failed: make(chan error, 1)}, nil
}

// received counts consumed messages.
func (p *post) received(n int) {
	if t := p.current.Load(); t != nil {
		t.add(n, 0)
	}
	p.room.Release(int64(n))
}

func (p *post) fail(err error) {
	select {
	case p.failed <- err:
	default:
	}
}

// Round implements Player.
func (p *post) Round(ctx context.Context, d time.Duration) (Round, error) {
	return measure(ctx, d, func(begin, ctx context.Context, t *tally) error {
		p.current.Store(t)
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		done := make(chan struct{})
		defer close(done)
		go func() {
			select {
			case err := <-p.failed:
				cancel(err)
			case <-done:
			}
		}()
		if err := p.publish(begin, ctx); err != nil && begin.Err() == nil {
			return errors.Join(err, context.Cause(ctx))
		}
		// All that was published has arrived when there is room for everything.
		if err := p.room.Acquire(ctx, backlog); err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		p.room.Release(backlog)
		return nil
	})
}

// Close implements Player.
func (p *post) Close() error { return p.end() }
