// Package broker_test has the bus on RabbitMQ behind a network that loses, delays and
// cuts what it carries.
package broker_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/event"
)

// patience is how long anything may take before a test fails.
const patience = 2 * time.Minute

// network is a toxiproxy between a bus and its broker.
type network struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
	url   string
}

func newNetwork(t *testing.T, broker string) *network {
	t.Helper()
	u, err := url.Parse(broker)
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	n := &network{t: t, proxy: toxiproxy.NewProxy(server, "broker", "127.0.0.1:0", u.Host)}
	if err := n.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.proxy.Stop)
	u.Host = n.proxy.Listen
	n.url = u.String()
	return n
}

// toxic is something bad that happens to one direction: "upstream" to the broker,
// "downstream" from it.
type toxic struct {
	Type       string           `json:"type"`
	Stream     string           `json:"stream"`
	Attributes map[string]int64 `json:"attributes"`
}

func (n *network) poison(toxics ...toxic) {
	n.t.Helper()
	for _, one := range toxics {
		encoded, err := json.Marshal(one)
		if err != nil {
			n.t.Fatal(err)
		}
		if _, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(string(encoded))); err != nil {
			n.t.Fatal(err)
		}
	}
}

// heal removes all toxics. Connections that lost something stay broken.
func (n *network) heal() { n.proxy.Toxics.ResetToxics(context.Background()) }

func newBus(t *testing.T, address string, pack int) *rabbit.Bus {
	t.Helper()
	return newLoggingBus(t, address, pack, nil)
}

func newLoggingBus(t *testing.T, address string, pack int, logger *slog.Logger) *rabbit.Bus {
	t.Helper()
	b, err := rabbit.New(rabbit.Config{
		URL: address, Logger: logger, Ladder: []time.Duration{10 * time.Millisecond}, Pack: pack,
		WriteTimeout: time.Second, Heartbeat: time.Second, Drain: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// journal keeps the lines of a log.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, string(line))
	return len(line), nil
}

// has reports whether a line has all parts.
func (j *journal) has(parts ...string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.ContainsFunc(j.lines, func(line string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) })
	})
}

// consumed is what a queue's handler took.
type consumed struct {
	mu  sync.Mutex
	ids map[string]int
}

func (c *consumed) has(ids ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		if c.ids[id] == 0 {
			return false
		}
	}
	return true
}

// consume handles a queue until the test ends.
func consume(t *testing.T, b *rabbit.Bus, q bus.Queue) *consumed {
	t.Helper()
	c := &consumed{ids: map[string]int{}}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- b.Consume(ctx, q, func(_ context.Context, m bus.Message) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.ids[m.ID]++
			return nil
		})
	}()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("the consumer hangs")
		}
	})
	return c
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

func thing(id string) bus.Message {
	return bus.Message{ID: id, Key: "thing.done", ContentType: event.ContentType,
		Body: []byte(`{"specversion":"1.0","id":"` + id + `","source":"/test","type":"com.gamestore.thing.done.v1","data":{"of":"` + strings.Repeat("x", 400) + `"}}`)}
}
