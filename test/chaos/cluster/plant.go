package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/games"
	gamesapi "gamestore.example/games/transport/amqpapi"
	"gamestore.example/payments/adapter/simulated"
	paymentsapi "gamestore.example/payments/transport/amqpapi"
	"gamestore.example/pkg/contract"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/test/chaos/crowd"
	"gamestore.example/test/chaos/oracle"
)

// panicID is the id of the message at which every process under test panics.
const panicID = "01995b30-0000-7000-8000-0000000000ff"

// oversize is much larger than any event may be.
const oversize = 8 << 20

// plant is a message that nobody can handle, and what has to become of it.
type plant struct {
	key, id string
	body    any // JSON, or bytes as they are
	queue   string
	reason  string
}

// envelope is a CloudEvent of a type, with an id of its own.
func envelope(id, kind, subject string, data any) map[string]any {
	return map[string]any{
		"specversion": "1.0", "id": id, "source": "/chaos", "type": kind, "subject": subject,
		"time": time.Now().UTC(), "datacontenttype": "application/json", "data": data,
	}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func plants() []kind {
	purchased := event.Type(contractgames.KeyGamePurchased, contractgames.Version)
	paid := event.Type(contractpayments.KeyPaymentCompleted, contractpayments.Version)
	toPayments := func(id string, body any, reason string) plant {
		return plant{key: contractgames.KeyGamePurchased, id: id, body: body, queue: paymentsapi.QueuePurchases, reason: reason}
	}
	toGames := func(id string, body any, reason string) plant {
		return plant{key: contractpayments.KeyPaymentCompleted, id: id, body: body, queue: games.ConsumerPayments, reason: reason}
	}
	simple := func(name string, p func(id string) plant) kind {
		return kind{name: "message: " + name, longest: time.Second, do: func(ctx context.Context, l *lane, _ Fault) error {
			return l.plant(ctx, p(newID()))
		}}
	}
	return []kind{
		simple("not JSON", func(id string) plant { return toPayments(id, []byte("this is no event"), "malformed-event") }),
		simple("8 MiB", func(id string) plant {
			return toGames(id, envelope(id, paid, "", map[string]any{"filling": strings.Repeat("x", oversize)}), "malformed-event")
		}),
		simple("unknown major version", func(id string) plant {
			return toPayments(id, envelope(id, event.Type(contractgames.KeyGamePurchased, "v2"), "", map[string]any{}), "unknown-event-version")
		}),
		simple("unknown type", func(id string) plant {
			return toPayments(id, envelope(id, "com.gamestore.game.rented.v1", "", map[string]any{}), "malformed-event")
		}),
		simple("wrong payload", func(id string) plant {
			return toPayments(id, envelope(id, purchased, "", map[string]any{"purchaseId": 7}), "malformed-event")
		}),
		simple("a change of the index without a game", func(id string) plant {
			return plant{
				key: contractgames.KeyGameUpdated, id: id, queue: gamesapi.QueueIndex, reason: "malformed-event",
				body: envelope(id, event.Type(contractgames.KeyGameUpdated, contractgames.Version), "", map[string]any{}),
			}
		}),
		simple("panic in the handler", func(string) plant {
			return toPayments(panicID, envelope(panicID, purchased, "", map[string]any{}), "internal")
		}),
		simple("paid, and no such purchase", func(id string) plant {
			return toGames(id, envelope(id, paid, "", change(newID(), newID(), contract.Money{Amount: 1, Currency: "BRL"})), "purchase-not-found")
		}),
		{name: "message: paid another amount", do: otherAmount},
		{name: "message: failed after completed", do: contradict},
	}
}

func change(payment, purchase string, amount contract.Money) contractpayments.PaymentChanged {
	return contractpayments.PaymentChanged{PaymentID: payment, PurchaseID: purchase, Amount: amount, Reason: "card_declined", At: time.Now().UTC()}
}

// plant publishes what nobody can handle, and waits until it is a dead letter.
func (l *lane) plant(ctx context.Context, p plant) error {
	l.planted = append(l.planted, oracle.Message{ID: p.id, Queue: p.queue, Key: p.key, Dead: true, Reason: p.reason})
	if err := l.send(ctx, p.key, p.id, p.body); err != nil {
		return err
	}
	return pass(ctx, ahead)
}

func (l *lane) send(ctx context.Context, key, id string, body any) error {
	raw, ok := body.([]byte)
	if !ok {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	return l.Broker.publish(ctx, letter{key: key, Publishing: amqp.Publishing{
		MessageId: id, ContentType: event.ContentType, DeliveryMode: amqp.Persistent, Body: raw,
	}})
}

// buy lets a new customer buy a game that costs something.
func (l *lane) buy(ctx context.Context, method string) (*crowd.Visitor, oracle.Purchase, error) {
	v, err := l.crowd.Visit(ctx, l.API)
	if err != nil {
		return nil, oracle.Purchase{}, err
	}
	found, err := l.API.Search(ctx)
	if err != nil {
		return nil, oracle.Purchase{}, err
	}
	for _, g := range found {
		if g.Price.IsZero() {
			continue
		}
		p, err := v.Buy(ctx, l.API, g.ID, method)
		if err != nil || p.ID != "" {
			return v, p, err
		}
	}
	return nil, oracle.Purchase{}, fmt.Errorf("no game of %d could be bought", len(found))
}

// otherAmount says that a pending purchase was paid with another amount: it must not be
// granted, and ends as it would have without.
func otherAmount(ctx context.Context, l *lane, _ Fault) error {
	_, p, err := l.buy(ctx, simulated.Timeout)
	if err != nil {
		return err
	}
	id, amount := newID(), contract.Money{Amount: p.Price.Amount - 1, Currency: p.Price.Currency}
	return l.plant(ctx, plant{
		key: contractpayments.KeyPaymentCompleted, id: id, queue: games.ConsumerPayments, reason: string(errs.CodeOf(games.ErrAmountMismatch)),
		body: envelope(id, event.Type(contractpayments.KeyPaymentCompleted, contractpayments.Version), p.ID, change(newID(), p.ID, amount)),
	})
}

// contradict says that a completed purchase failed: that is counted, and changes nothing.
func contradict(ctx context.Context, l *lane, f Fault) error {
	v, p, err := l.buy(ctx, simulated.Approved)
	if err != nil {
		return err
	}
	payment, err := l.completed(ctx, v, p.ID)
	if err != nil {
		return err
	}
	counted := func() (float64, error) {
		return l.metric(ctx, "gamestore_purchase_contradictions_total", `event="payment.failed"`)
	}
	before, err := counted()
	if err != nil {
		return err
	}
	id := newID()
	body := envelope(id, event.Type(contractpayments.KeyPaymentFailed, contractpayments.Version), p.ID,
		change(payment, p.ID, contract.Money{Amount: p.Price.Amount, Currency: p.Price.Currency}))
	if err := l.send(ctx, contractpayments.KeyPaymentFailed, id, body); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, restBound)
	defer cancel()
	for {
		now, err := counted()
		if err != nil || now > before {
			return err
		}
		if pass(limited, restPoll) != nil {
			l.report(f, CheckIgnored, "purchase %s: the event is not counted", p.ID)
			return ctx.Err()
		}
	}
}

// completed waits until a purchase is completed, and returns its payment's id.
func (l *lane) completed(ctx context.Context, v *crowd.Visitor, id string) (string, error) {
	limited, cancel := context.WithTimeout(ctx, restBound)
	defer cancel()
	for {
		status, err := v.Status(limited, l.API, id)
		if err != nil {
			return "", err
		}
		if status == games.StatusCompleted {
			break
		}
		if err := pass(limited, restPoll); err != nil {
			return "", fmt.Errorf("purchase %s is %q: %w", id, status, err)
		}
	}
	s, err := l.Folder.Snapshot(ctx)
	if err != nil {
		return "", err
	}
	for _, p := range s.Purchases {
		if p.ID == id {
			return p.PaymentID, nil
		}
	}
	return "", fmt.Errorf("purchase %s is not there", id)
}
