package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"gamestore.example/games"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/test/flow"
)

// durable is a World with everything on disk, and the way through its gateway. Its
// test runs beside others, because most of a rule's time is waiting. Where
// TestRulesOverRabbitMQ runs it, the bus is a broker, and the gateway's way as well.
func durable(t *testing.T, change ...func(*flow.Options)) (*flow.World, flow.Driver) {
	t.Helper()
	t.Parallel()
	o, way := flow.Durable(), flow.ThroughGateway
	if folder := os.Getenv(envBrokers); folder != "" {
		o.Bus, o.Broker, way = flow.Rabbit, nextBroker(t, folder), flow.ThroughGatewayAMQP
	}
	for _, f := range change {
		f(&o)
	}
	w := flow.NewWorld(t, o)
	return w, w.Driver(t, way)
}

// want fails the test unless err is the sentinel.
func want(t *testing.T, err, sentinel error) {
	t.Helper()
	if !errors.Is(err, sentinel) {
		t.Errorf("got %v, want %v", err, sentinel)
	}
}

// wantLink wants the sentinel with the way to a purchase.
func wantLink(t *testing.T, err, sentinel error, purchaseID string) {
	t.Helper()
	want(t, err, sentinel)
	if d := errs.From(err); d != nil && (d.Details["purchaseId"] != purchaseID || d.Details["purchase"] != "/api/purchases/"+purchaseID) {
		t.Errorf("the details are %v, want the way to %s", d.Details, purchaseID)
	}
}

// buy buys a game in the simplest way.
func buy(d flow.Driver, p flow.Person, gameID string) (games.Purchase, error) {
	r, err := d.Games.PurchaseGame(p.Ctx, games.PurchaseGame{GameID: gameID})
	return r.Purchase, err
}

// now reads a purchase.
func now(t *testing.T, d flow.Driver, p flow.Person, purchaseID string) games.Purchase {
	t.Helper()
	purchase, err := d.Games.GetPurchase(p.Ctx, games.GetPurchase{PurchaseID: purchaseID})
	if err != nil {
		t.Fatal(err)
	}
	return purchase
}

// counter reads how many have the game.
func counter(t *testing.T, d flow.Driver, gameID string) int64 {
	t.Helper()
	g, err := d.Games.GetGame(t.Context(), games.GetGame{GameID: gameID})
	if err != nil {
		t.Fatal(err)
	}
	return g.Purchases
}

// charges returns the provider's books on a purchase.
func charges(t *testing.T, w *flow.World, purchaseID string) []simulated.Entry {
	t.Helper()
	all, err := w.Provider().Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found []simulated.Entry
	for _, e := range all {
		if e.Reference == purchaseID {
			found = append(found, e)
		}
	}
	return found
}

// deadLetter waits for the dead letter of a message in a queue and returns it.
func deadLetter(t *testing.T, w *flow.World, queue, messageID string) bus.DeadLetter {
	t.Helper()
	var found bus.DeadLetter
	flow.Eventually(t, "message "+messageID+" is a dead letter of "+queue, func() bool {
		all, err := w.Wire.List(t.Context(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if d.Queue == queue && d.Message.ID == messageID {
				found = d
				return true
			}
		}
		return false
	})
	return found
}

// consumed counts deliveries of a queue by what became of them.
func consumed(w *flow.World, queue, outcome string) float64 {
	return w.Metric("messaging_client_consumed_messages_total", "destination_name", queue, "outcome", outcome)
}

// valve is a queue's consumer that can be shut: then nothing gets through, and
// nothing is lost.
type valve struct {
	queue string
	shut  atomic.Bool
}

// errShut holds a delivery, as a store that is down does.
var errShut = errs.New(errs.Unavailable, "valve-shut", "the valve is shut")

// in puts the valve into a World.
func (v *valve) in(o *flow.Options) {
	before := o.Consume
	o.Consume = func(s bus.Subscription) bus.Subscription {
		if before != nil {
			s = before(s)
		}
		if s.Queue.Name != v.queue {
			return s
		}
		handle := s.Handler
		s.Handler = func(ctx context.Context, m bus.Message) error {
			if v.shut.Load() {
				return errShut
			}
			return handle(ctx, m)
		}
		return s
	}
}

// losing loses every message with the key.
func losing(key string) func(bus.Message) flow.Fate {
	return func(m bus.Message) flow.Fate {
		if m.Key == key {
			return flow.Lose
		}
		return flow.Carry
	}
}

// losingFirst loses the first message with the key about each subject.
func losingFirst(key string) func(bus.Message) flow.Fate {
	lost := map[string]bool{}
	return func(m bus.Message) flow.Fate {
		subject := flow.Subject(m)
		if m.Key != key || lost[subject] {
			return flow.Carry
		}
		lost[subject] = true
		return flow.Lose
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lowerCase returns headers as services get them.
func lowerCase(headers map[string]string) map[string]string {
	lower := map[string]string{}
	for name, value := range headers {
		lower[strings.ToLower(name)] = value
	}
	return lower
}
