package app

import (
	"flag"
	"fmt"
	"strings"

	"gamestore.example/gateway"
	"gamestore.example/pkg/tlsfile"
)

// Config is what the gateway can be told from outside.
type Config struct {
	// Users, Games and Payments are the URLs of the services: http://…, or amqp://… of
	// the broker at which the service answers, or amqp: for Broker. A handler in
	// Deps.Upstreams goes before the URL.
	Users, Games, Payments string
	// Broker is the URL of the message broker for upstreams that are just amqp:.
	Broker string
	// Streams is the most event streams at a time over a broker.
	Streams int
	// UpstreamTLS is how to reach services, and the keys of tokens, at https://…, BrokerTLS
	// how to reach brokers at amqps://….
	UpstreamTLS, BrokerTLS tlsfile.Client
	// CORSOrigins are the origins, separated by commas, whose pages may call the
	// API; "*" is all of them, and none is the default.
	CORSOrigins string
	// TrustedProxies are the networks, separated by commas, whose word about the
	// client's address is believed.
	TrustedProxies string
	// AddressRates and UserRates limit how often one client may come.
	AddressRates, UserRates gateway.Rates
	// BreakerRatio is the share of failures that opens a circuit, from 0 to 1.
	BreakerRatio float64
	// JWKSURL is where the keys of the tokens are; Deps may bring them instead.
	JWKSURL string
	// TokenIssuer and TokenAudience must be in every token.
	TokenIssuer, TokenAudience string
}

// Defaults returns the configuration that needs no other.
func Defaults() Config {
	return Config{
		Users:    "http://127.0.0.1:8081",
		Games:    "http://127.0.0.1:8082",
		Payments: "http://127.0.0.1:8083",
		AddressRates: gateway.Rates{
			Auth:     gateway.Rate{PerMinute: 20, Burst: 20},
			Purchase: gateway.Rate{PerMinute: 600, Burst: 200},
			Read:     gateway.Rate{PerMinute: 6000, Burst: 600},
			Webhook:  gateway.Rate{PerMinute: 6000, Burst: 1000},
		},
		UserRates: gateway.Rates{
			Auth:     gateway.Rate{PerMinute: 20, Burst: 20},
			Purchase: gateway.Rate{PerMinute: 120, Burst: 60},
			Read:     gateway.Rate{PerMinute: 1200, Burst: 300},
		},
		Streams:       1000,
		BreakerRatio:  0.5,
		TokenIssuer:   "gamestore",
		TokenAudience: "gamestore",
	}
}

// RegisterFlags sets c to the defaults and adds its flags, under the prefix.
func (c *Config) RegisterFlags(fs *flag.FlagSet, prefix string) {
	*c = Defaults()
	for _, name := range gateway.Upstreams() {
		url := c.upstream(name)
		fs.StringVar(url, prefix+"upstream."+name, *url, "`URL` of the "+name+" service: http://host:port, amqp://… or amqp: for the broker of -bus.url")
	}
	c.UpstreamTLS.RegisterFlags(fs, prefix+"upstream.tls.", "the services")
	fs.IntVar(&c.Streams, prefix+"streams", c.Streams, "most event streams at a time over a broker")
	fs.StringVar(&c.CORSOrigins, prefix+"cors.origins", c.CORSOrigins, "`origins` whose pages may call the API, separated by commas, or *")
	fs.StringVar(&c.TrustedProxies, prefix+"trusted.proxies", c.TrustedProxies, "`networks` of proxies whose X-Forwarded-For is believed, separated by commas")
	for _, class := range gateway.Classes() {
		const usage = "`per-minute/burst` of one %s, or off, for requests of the class %s"
		fs.Var(c.AddressRates.Of(class), prefix+"rate."+string(class)+".address", fmt.Sprintf(usage, "address", class))
		if class != gateway.ClassWebhook { // providers have no token
			fs.Var(c.UserRates.Of(class), prefix+"rate."+string(class)+".user", fmt.Sprintf(usage, "user", class))
		}
	}
	fs.Float64Var(&c.BreakerRatio, prefix+"breaker.ratio", c.BreakerRatio, "share of failures that opens an upstream's circuit")
	fs.StringVar(&c.JWKSURL, prefix+"jwks.url", c.JWKSURL, "`URL` of the keys of access tokens; empty asks the users upstream")
	fs.StringVar(&c.TokenIssuer, prefix+"token.issuer", c.TokenIssuer, "issuer of access tokens")
	fs.StringVar(&c.TokenAudience, prefix+"token.audience", c.TokenAudience, "audience of access tokens")
}

// upstream returns the URL of a service, to be read or changed.
func (c *Config) upstream(name string) *string {
	switch name {
	case gateway.Users:
		return &c.Users
	case gateway.Games:
		return &c.Games
	default:
		return &c.Payments
	}
}

// list splits at commas and drops what is empty.
func list(s string) []string {
	var items []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func (c Config) validate() error {
	if !(c.BreakerRatio > 0 && c.BreakerRatio <= 1) {
		return fmt.Errorf("gateway: breaker ratio %v: want more than 0, at most 1", c.BreakerRatio)
	}
	if c.Streams < 1 {
		return fmt.Errorf("gateway: %d streams: want at least 1", c.Streams)
	}
	return nil
}
