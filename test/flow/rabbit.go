package flow

import (
	"context"
	"errors"
	"slices"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	gamesamqp "gamestore.example/games/transport/amqpapi"
	gatewayapp "gamestore.example/gateway/app"
	paymentsamqp "gamestore.example/payments/transport/amqpapi"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/rpc"
	usersamqp "gamestore.example/users/transport/amqpapi"
)

// The drivers that a World on RabbitMQ has besides the others.
const (
	// OverAMQP is requests and answers over the broker.
	OverAMQP = "amqp"
	// ThroughGatewayAMQP is a gateway that reaches every service over the broker.
	ThroughGatewayAMQP = "gateway over amqp"
)

// broker is a RabbitMQ as the bus of a World: a virtual host of its own, since the
// queues of all Worlds have the same names.
type broker struct {
	*rabbit.Bus
	*rabbit.DeadLetters
	cfg rabbit.Config
}

func (w *World) openBroker() error {
	cfg := rabbit.Config{
		URL: w.options.Broker, Name: "flow", Ladder: w.options.Retry, Logger: w.logger, Registry: w.registry,
	}
	b, err := rabbit.New(cfg)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, b.Close)
	dead, err := rabbit.NewDeadLetters(cfg, "users", "games", "payments")
	if err != nil {
		return err
	}
	w.broker = &broker{b, dead, cfg}
	w.Wire = newWire(w.broker)
	return nil
}

// brokerLadder returns the waits of a delivery that failed. Each wait that is another
// one is a queue more for each queue, so there are few.
func brokerLadder() []time.Duration {
	return append([]time.Duration{20 * time.Millisecond}, slices.Repeat([]time.Duration{time.Second}, 60)...)
}

// waiting counts what is ready in the queues of subscriptions and on their ladders.
// What a consumer has already counts as being handled or is not finished otherwise.
func (b *broker) waiting(subs []bus.Subscription) (n int, err error) {
	conn, err := amqp.Dial(b.cfg.URL)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		return 0, err
	}
	for _, s := range subs {
		names := []string{rabbit.QueueName(s.Queue.Name)}
		for _, delay := range b.cfg.Ladder {
			if name := rabbit.RetryQueue(s.Queue.Name, delay); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		for _, name := range names {
			q, err := ch.QueueDeclarePassive(name, true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
			if err != nil {
				return n, err
			}
			n += q.Messages
		}
	}
	return n, nil
}

// answering are the services' servers of requests over the broker.
func (w *World) answering() []lifecycle.Actor {
	if w.broker == nil {
		return nil
	}
	var actors []lifecycle.Actor
	for name, h := range map[string]rpc.Handler{"users": w.users.RPC(), "games": w.games.RPC(), "payments": w.payments.RPC()} {
		actors = append(actors, lifecycle.Actor{Name: name + "-rpc", Run: func(ctx context.Context) error {
			return w.broker.Serve(ctx, name, h)
		}})
	}
	return actors
}

// driveBroker makes the drivers over the broker, once everybody answers. front is the
// gateway's base URL.
func (w *World) driveBroker(front string) error {
	client, err := rabbit.NewClient(w.broker.cfg)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, client.Close)
	far, err := HTTPDriver(ThroughGatewayAMQP, front, front, front, w.Client)
	if err != nil {
		return err
	}
	w.drivers = append(w.drivers, AMQPDriver(OverAMQP, client), far)
	return nil
}

// AMQPDriver reaches services over a broker.
func AMQPDriver(name string, client *rabbit.Client) Driver {
	return Driver{
		Name: name, Users: usersamqp.NewClient(client.Service("users")),
		Games: gamesamqp.NewClient(client.Service("games")), Payments: paymentsamqp.NewClient(client.Service("payments")),
	}
}

// brokerGateway builds a gateway in front of the broker. Nothing but the broker joins
// them: it has the keys of tokens from there as well.
func (w *World) brokerGateway() (*gatewayapp.App, error) {
	cfg := w.options.gateway()
	cfg.Broker = w.options.Broker
	cfg.Users, cfg.Games, cfg.Payments = "amqp:", "amqp:", "amqp:"
	g, err := gatewayapp.New(context.Background(), cfg, gatewayapp.Deps{Logger: w.logger, Registry: w.registry, Now: w.Clock.Now})
	if err == nil {
		w.closers = append(w.closers, g.Close)
	}
	return g, err
}

// reachable waits until every service answers at the broker.
func (w *World) reachable(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	client, err := rabbit.NewClient(w.broker.cfg)
	if err != nil {
		return err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, name := range []string{"users", "games", "payments"} {
		for {
			_, err := client.Service(name).Call(ctx, rpc.Request{Operation: "flow.Hello"}) // which nobody knows
			if err == nil {
				break
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return errors.Join(err, ctx.Err(), client.Close())
			}
		}
	}
	return client.Close()
}
