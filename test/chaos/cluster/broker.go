package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/deploy/up"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/private"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/test/chaos/oracle"
)

const (
	// mostDead is more than there are dead letters.
	mostDead = 10_000
	// askTimeout bounds one look into the broker.
	askTimeout = 30 * time.Second
	// tries is how often that is tried.
	tries = 5
	// staleBound is longer than the broker's numbers are old, and than the three minutes
	// after which it tries again to bring a message from a step of a retry ladder back: its
	// first try may come before the target is there when both begin anew after a kill.
	staleBound = 4 * time.Minute
)

// Broker is a private RabbitMQ, seen without the network in between.
type Broker struct {
	server *private.Broker
	dead   *rabbit.DeadLetters
	// queues are all that hold messages of the store.
	queues []string
}

func openBroker(ctx context.Context, dir string) (*Broker, error) {
	server, err := private.New(dir)
	if err != nil {
		return nil, err
	}
	server.Erlang = "-rabbit quorum_tick_interval 300"
	b := &Broker{server: server}
	if b.dead, err = rabbit.NewDeadLetters(rabbit.Config{URL: server.URL, Name: "chaos"}, up.Users, up.Games, up.Payments); err != nil {
		return nil, err
	}
	return b, server.Start(ctx)
}

func (b *Broker) close() error { return b.server.Stop() }

// learn asks which queues there are, once the services have made them.
func (b *Broker) learn(ctx context.Context) error {
	counts, err := b.depths(ctx)
	for name := range counts {
		b.queues = append(b.queues, name)
	}
	slices.Sort(b.queues)
	return err
}

// ctl runs rabbitmqctl. On a busy machine it may give up before the broker answers it.
func (b *Broker) ctl(ctx context.Context, args ...string) (string, error) {
	for try := 1; ; try++ {
		limited, cancel := context.WithTimeout(ctx, askTimeout)
		out, err := b.server.Ctl(limited, args...)
		cancel()
		if err == nil || ctx.Err() != nil || try == tries {
			return out, err
		}
	}
}

// depths returns how many messages each queue holds, also those that a consumer has
// and did not acknowledge. It takes a second.
func (b *Broker) depths(ctx context.Context) (map[string]int, error) {
	out, err := b.ctl(ctx, "list_queues", "--no-table-headers", "name", "messages")
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for line := range strings.Lines(out) {
		name, count, found := strings.Cut(strings.TrimSpace(line), "\t")
		if !found || !strings.HasSuffix(name, queueVersion) {
			continue // of the answers to requests, for instance
		}
		if counts[name], err = strconv.Atoi(count); err != nil {
			return nil, fmt.Errorf("rabbitmqctl says %q: %w", line, err)
		}
	}
	return counts, nil
}

// queueVersion ends the name of each queue of events.
const queueVersion = ".v1"

// waiting says which queues have messages that no consumer took yet, or "". It is quick.
func (b *Broker) waiting(ctx context.Context) (string, error) {
	var found []string
	err := b.session(ctx, func(ch *amqp.Channel) error {
		for _, name := range b.queues {
			if isDead(name) {
				continue
			}
			q, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
			if err != nil {
				return err
			}
			if q.Messages > 0 {
				found = append(found, fmt.Sprintf("%d in queue %s", q.Messages, name))
			}
		}
		return nil
	})
	return strings.Join(found, ", "), err
}

// depth returns how many messages of a queue no consumer took yet.
func (b *Broker) depth(ctx context.Context, queue string) (int, error) {
	n := 0
	err := b.session(ctx, func(ch *amqp.Channel) error {
		q, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
		n = q.Messages
		return err
	})
	return n, err
}

// session does something on a connection of its own.
func (b *Broker) session(ctx context.Context, do func(ch *amqp.Channel) error) error {
	conn, err := amqp.DialConfig(b.server.URL, amqp.Config{Dial: amqp.DefaultDial(askTimeout)})
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.CloseDeadline(time.Now().Add(time.Second)) })()
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	return do(ch)
}

// journal returns everything that is in queues at rest.
func (b *Broker) journal(ctx context.Context) ([]oracle.Message, error) {
	all, err := b.alive(ctx)
	if err != nil {
		return nil, err
	}
	letters, err := b.dead.List(ctx, mostDead)
	for _, l := range letters {
		all = append(all, oracle.Message{ID: l.Message.ID, Queue: l.Queue, Key: l.Message.Key, Dead: true, Reason: string(l.Reason)})
	}
	return all, err
}

// alive returns what is in queues and is no dead letter. The broker brings the numbers
// of quorum queues up to date every now and then (openBroker says how often): what is
// not there any more may have to be waited for.
func (b *Broker) alive(ctx context.Context) ([]oracle.Message, error) {
	for end := time.Now().Add(staleBound); ; {
		counts, err := b.depths(ctx)
		if err != nil {
			return nil, err
		}
		var all []oracle.Message
		for name, n := range counts {
			if n > 0 && !isDead(name) {
				all = append(all, oracle.Message{ID: strconv.Itoa(n) + " messages", Queue: name})
			}
		}
		if len(all) == 0 || time.Now().After(end) {
			return all, nil
		}
		if err := pass(ctx, restPoll); err != nil {
			return nil, err
		}
	}
}

func isDead(queue string) bool { return strings.Contains(queue, ".dead") }

// unrouted returns the keys of events for which there is no queue. Nobody here wants to
// welcome new users.
func (b *Broker) unrouted(ctx context.Context) ([]string, error) {
	var keys []string
	err := b.session(ctx, func(ch *amqp.Channel) error {
		for {
			d, ok, err := ch.Get(rabbit.Unrouted, true)
			if err != nil || !ok {
				return err
			}
			if d.RoutingKey != contractusers.KeyUserCreated {
				keys = append(keys, d.RoutingKey)
			}
		}
	})
	return keys, err
}

// drop deletes dead letters.
func (b *Broker) drop(ctx context.Context, letters []oracle.Message) error {
	var failures []error
	for _, m := range letters {
		failures = append(failures, b.dead.Drop(ctx, m.Queue, m.ID))
	}
	return errors.Join(failures...)
}

// publish hands messages to the events' exchange, and waits for the confirms.
func (b *Broker) publish(ctx context.Context, letters ...letter) error {
	return b.session(ctx, func(ch *amqp.Channel) error {
		if err := ch.Confirm(false); err != nil {
			return err
		}
		for _, l := range letters {
			confirm, err := ch.PublishWithDeferredConfirm(rabbit.Exchange, l.key, true, false, l.Publishing)
			if err != nil {
				return err
			}
			if acked, err := confirm.WaitContext(ctx); err != nil || !acked {
				return fmt.Errorf("publish %s: confirmed is %t: %w", l.MessageId, acked, err)
			}
		}
		return nil
	})
}

// letter is a message for the events' exchange.
type letter struct {
	key string
	amqp.Publishing
}
