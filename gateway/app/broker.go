package app

import (
	"errors"
	"log/slog"
	"strings"

	"gamestore.example/pkg/bus/rabbit"
)

// overBroker tells whether an upstream's URL is that of a message broker.
func overBroker(url string) bool {
	return strings.HasPrefix(url, "amqp:") || strings.HasPrefix(url, "amqps:")
}

// link is the gateway's sessions with one broker. Streams wait for long, so they have
// one of their own: however many there are, other calls find a place.
type link struct{ calls, streams *rabbit.Client }

// brokers are the links by the broker's URL.
type brokers struct {
	cfg    Config
	logger *slog.Logger
	links  map[string]link
}

func newBrokers(cfg Config, logger *slog.Logger) *brokers {
	return &brokers{cfg: cfg, logger: logger, links: map[string]link{}}
}

// link returns the link with the broker of an upstream's URL.
func (b *brokers) link(url string) (link, error) {
	if url == "amqp:" {
		if url = b.cfg.Broker; url == "" {
			return link{}, errors.New("amqp: is the broker of -bus.url, and there is none")
		}
	}
	if l, ok := b.links[url]; ok {
		return l, nil
	}
	cfg := rabbit.Config{URL: url, Name: "gamestore-gateway", Logger: b.logger, TLS: b.cfg.BrokerTLS}
	calls, err := rabbit.NewClient(cfg)
	if err != nil {
		return link{}, err
	}
	cfg.Name, cfg.Window = "gamestore-gateway streams", b.cfg.Streams
	streams, err := rabbit.NewClient(cfg)
	if err != nil {
		return link{}, errors.Join(err, calls.Close())
	}
	b.links[url] = link{calls, streams}
	return b.links[url], nil
}

func (b *brokers) close() error {
	var err error
	for _, l := range b.links {
		err = errors.Join(err, l.calls.Close(), l.streams.Close())
	}
	return err
}
