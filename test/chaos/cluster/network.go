package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Directions, as toxiproxy names them: to the broker, and from it.
const (
	toBroker   = "upstream"
	fromBroker = "downstream"
)

// network is between the services and the broker.
type network struct {
	proxy *toxiproxy.Proxy
	// url is the broker's, through the proxy.
	url string
}

func newNetwork(broker string) (*network, error) {
	u, err := url.Parse(broker)
	if err != nil {
		return nil, err
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	n := &network{proxy: toxiproxy.NewProxy(server, "broker", "127.0.0.1:0", u.Host)}
	if err := n.proxy.Start(); err != nil {
		return nil, fmt.Errorf("start the proxy: %w", err)
	}
	n.url, err = through(broker, n.proxy.Listen)
	return n, err
}

// cut closes all connections and takes no new one.
func (n *network) cut() { n.proxy.Stop() }

// mend takes connections again.
func (n *network) mend() error { return n.proxy.Start() }

// reset closes all connections, and takes new ones.
func (n *network) reset() error {
	n.proxy.Stop()
	return n.proxy.Start()
}

// poison adds a toxic in one direction.
func (n *network) poison(kind, direction string, attributes map[string]int) error {
	toxic, err := json.Marshal(map[string]any{
		"name": kind + direction, "type": kind, "stream": direction, "toxicity": 1, "attributes": attributes,
	})
	if err != nil {
		return err
	}
	_, err = n.proxy.Toxics.AddToxicJson(strings.NewReader(string(toxic)))
	return err
}

// clean removes all toxics. Connections that lost data are closed: no real one loses
// some and goes on.
func (n *network) clean(ctx context.Context) { n.proxy.Toxics.ResetToxics(ctx) }

func (n *network) close() error {
	n.proxy.Stop()
	return nil
}
