package broker_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/errs"
)

func TestMain(m *testing.M) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // the proxy's toxics write to stderr
	goleak.VerifyTestMain(m,
		// The proxy leaves the halves of some broken connections behind.
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).read"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).write"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

// TestABadNetwork puts toxics between publisher, consumer and broker while events flow.
// Nothing hangs, no other error than Unavailable is told, everything works again by
// itself when the network does, and whatever was confirmed is consumed.
func TestABadNetwork(t *testing.T) {
	broker := rabbittest.Start(t)
	both := func(kind string, attributes map[string]int64) []toxic {
		return []toxic{{kind, "upstream", attributes}, {kind, "downstream", attributes}}
	}
	silence := map[string]int64{"timeout": 0} // data vanishes, and no connection ends
	for i, weather := range []struct {
		name   string
		toxics []toxic
		// flows says that events arrive in spite of it, late.
		flows bool
	}{
		{"what is sent vanishes", []toxic{{"timeout", "upstream", silence}}, false},
		{"what is answered vanishes", []toxic{{"timeout", "downstream", silence}}, false},
		{"both vanish", both("timeout", silence), false},
		{"connections are reset while sending", []toxic{{"reset_peer", "upstream", map[string]int64{"timeout": 50}}}, false},
		{"connections are reset while answering", []toxic{{"reset_peer", "downstream", map[string]int64{"timeout": 50}}}, false},
		{"connections break after some data", both("limit_data", map[string]int64{"bytes": 9_000}), false},
		{"connections close slowly", both("slow_close", map[string]int64{"delay": 300}), true},
		{"everything takes long", both("latency", map[string]int64{"latency": 100, "jitter": 50}), true},
		{"little fits through", both("bandwidth", map[string]int64{"rate": 64}), true},
		{"everything comes in small pieces", both("slicer", map[string]int64{"average_size": 64, "size_variation": 32, "delay": 20}), true},
	} {
		t.Run(weather.name, func(t *testing.T) {
			n := newNetwork(t, broker.URL)
			b := newBus(t, n.url, 1+i%2*15) // packed every other time
			q := bus.Queue{Name: fmt.Sprintf("test.weather%d", i), Keys: []string{"thing.*"}, Concurrency: 8}
			if err := b.Declare(t.Context(), q); err != nil {
				t.Fatal(err)
			}
			got := consume(t, b, q)
			confirmed := flow(t, b, "calm", 5)
			eventually(t, "it works at all", func() bool { return got.has(confirmed...) })
			n.poison(weather.toxics...)
			during := flow(t, b, "storm", 3)
			if weather.flows && len(during) == 0 {
				t.Error("nothing was confirmed")
			}
			n.heal()
			eventually(t, "publishing works again", func() bool { return b.Publish(t.Context(), thing("ping"))[0] == nil })
			confirmed = append(append(confirmed, during...), flow(t, b, "after", 5)...)
			eventually(t, "all that was confirmed is consumed", func() bool { return got.has(confirmed...) })
		})
	}
}

// flow publishes in calls of 32 and returns the ids of what was confirmed. Each call has
// as long as a relay gives it.
func flow(t *testing.T, b bus.Publisher, name string, calls int) []string {
	t.Helper()
	var confirmed []string
	for call := range calls {
		msgs := make([]bus.Message, 32)
		for i := range msgs {
			msgs[i] = thing(fmt.Sprintf("%s-%d-%d", name, call, i))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		for i, err := range b.Publish(ctx, msgs...) {
			switch {
			case err == nil:
				confirmed = append(confirmed, msgs[i].ID)
			case errs.ClassOf(err) != errs.Unavailable && errs.ClassOf(err) != errs.Timeout:
				t.Errorf("%s: %v", msgs[i].ID, err)
			}
		}
		cancel()
	}
	return confirmed
}

// TestAHalfOpenConnection has a broker that says nothing more while its connection stays:
// it is found by its silence alone, with nothing to send and no deadline of the caller.
func TestAHalfOpenConnection(t *testing.T) {
	broker := rabbittest.Start(t)
	n := newNetwork(t, broker.URL)
	log := &journal{}
	b := newLoggingBus(t, n.url, 1, slog.New(slog.NewTextHandler(log, nil)))
	direct := newBus(t, broker.URL, 1)
	q := bus.Queue{Name: "test.half-open", Keys: []string{"thing.*"}, Concurrency: 2}
	if err := b.Declare(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	if err := direct.Declare(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	got := consume(t, b, q)
	flow(t, b, "calm", 1)
	n.poison(toxic{"timeout", "upstream", map[string]int64{"timeout": 0}}, toxic{"timeout", "downstream", map[string]int64{"timeout": 0}})
	if err := b.Publish(context.Background(), thing("into-the-void"))[0]; errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("got %v", err)
	}
	eventually(t, "the consumer noticed by itself", func() bool { return log.has("session with the broker ended", "consume test.half-open") })
	sent := flow(t, direct, "meanwhile", 1)
	n.heal()
	eventually(t, "what came meanwhile is consumed", func() bool { return got.has(sent...) })
}
