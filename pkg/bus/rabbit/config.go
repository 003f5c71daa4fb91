package rabbit

import (
	"crypto/tls"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/tlsfile"
)

// Config says how to reach the broker. The zero value of each field but URL means its default.
type Config struct {
	// URL is amqp:// or amqps://user:password@host:port/vhost.
	URL string
	// Name is shown in the broker's list of connections.
	Name string
	// Ladder is the delays between deliveries of a failed message; the default is bus.RetryLadder.
	Ladder []time.Duration
	// Window is the most messages of this process that wait for a confirm; the default is 1024.
	Window int
	// Pack is the most waiting events that are put into one message, up to event.MaxBatch;
	// the default, 1, sends each alone. Consumers of this package read both.
	Pack int
	// WriteTimeout bounds one write to the socket, and how long what was sent may wait while the
	// broker takes no messages; the default is 5 s.
	WriteTimeout time.Duration
	// Heartbeat is how often the peers show each other that they live: one that is silent for
	// three of them is gone. In whole seconds; the default is 10 s.
	Heartbeat time.Duration
	// Drain bounds how long handlers in flight may go on after a stop; the default is 10 s.
	Drain time.Duration
	// TLS is with what to reach a broker at amqps://.
	TLS tlsfile.Client
	// Logger and Registry may be nil.
	Logger   *slog.Logger
	Registry prometheus.Registerer

	secure *tls.Config
}

const (
	defaultWindow       = 1024
	defaultWriteTimeout = 5 * time.Second
	defaultHeartbeat    = 10 * time.Second
	defaultDrain        = 10 * time.Second
)

// watchdog bounds the calls that the client library may hang in.
func (c Config) watchdog() time.Duration { return 2 * c.WriteTimeout }

// RegisterFlags adds the flags -<prefix>url and the like.
func (c *Config) RegisterFlags(fs *flag.FlagSet, prefix string) {
	fs.StringVar(&c.URL, prefix+"url", c.URL, "RabbitMQ, as amqp://user:password@host:5672/vhost; empty means the embedded bus")
	c.TLS.RegisterFlags(fs, prefix+"tls.", "RabbitMQ")
	fs.DurationVar(&c.WriteTimeout, prefix+"write.timeout", defaultWriteTimeout, "bound of one write to the broker")
	fs.IntVar(&c.Window, prefix+"window", defaultWindow, "most messages that wait for a confirm")
	fs.IntVar(&c.Pack, prefix+"pack", 1, "most waiting events in one message, up to 64; above 1 every consumer must read batches")
}

func (c Config) withDefaults() (Config, error) {
	u, err := url.Parse(c.URL)
	if err != nil || (u.Scheme != "amqp" && u.Scheme != "amqps") || u.Host == "" {
		// The URL holds a password: it is not repeated.
		return c, errs.New(errs.Invalid, "", "the broker's URL must be amqp://user:password@host:port/vhost or amqps://…")
	}
	if err := checkUser(u); err != nil {
		return c, err
	}
	if c.secure, err = c.TLS.Config(); err != nil {
		return c, errs.Wrap(err, errs.Invalid, "the broker's certificates cannot be used")
	}
	if c.Ladder == nil {
		c.Ladder = bus.RetryLadder()
	}
	if c.Window <= 0 {
		c.Window = defaultWindow
	}
	if c.Pack < 0 || c.Pack > event.MaxBatch {
		return c, errs.New(errs.Invalid, "", fmt.Sprintf("a message packs 1 to %d events, not %d", event.MaxBatch, c.Pack))
	}
	c.Pack = max(c.Pack, 1)
	if c.WriteTimeout <= 0 {
		c.WriteTimeout = defaultWriteTimeout
	}
	if c.Heartbeat <= 0 {
		c.Heartbeat = defaultHeartbeat
	}
	if c.Drain <= 0 {
		c.Drain = defaultDrain
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// checkUser refuses to meet a broker of another machine as a user whose password
// everybody knows.
func checkUser(u *url.URL) error {
	if host := u.Hostname(); host == "localhost" || net.ParseIP(host).IsLoopback() {
		return nil
	}
	name, password := "guest", "guest" // whom a client without a name is
	if u.User != nil {
		name = u.User.Username()
		password, _ = u.User.Password()
	}
	if name == "guest" || password == "" || password == name {
		return errs.New(errs.Invalid, "", "a broker of another machine needs a user of its own with a password that cannot be guessed: guest, an empty password, and one like the name are for this machine alone")
	}
	return nil
}

// tlsConfig is for one connection: the client library writes the broker's name into it.
func (c Config) tlsConfig() *tls.Config {
	if c.secure == nil {
		return nil
	}
	return c.secure.Clone()
}
