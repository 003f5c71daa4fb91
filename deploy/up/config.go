package up

import (
	"flag"
	"path/filepath"
)

// Names of the programs, in the order in which they start.
const (
	Users    = "users"
	Games    = "games"
	Payments = "payments"
	Gateway  = "gateway"
)

// Config says where everything is. RegisterFlags sets the defaults.
type Config struct {
	// Bin is the folder of the programs, Data that of all that they keep.
	Bin, Data string
	// AMQP is the broker's URL; empty starts a private broker in Data.
	AMQP string
	// Addr is where the gateway listens, and Services where the others do, by
	// name; port 0 is a free one.
	Addr     string
	Services map[string]string
	// Upstreams says how the gateway reaches the services: OverHTTP, which is the
	// default, or OverAMQP.
	Upstreams string
	// Seed puts the example catalogue into an empty store.
	Seed bool
	// LogLevel and LogFormat are those of all programs.
	LogLevel, LogFormat string
	// Args are more flags for a program, by name.
	Args map[string][]string
}

// RegisterFlags sets c to the defaults and adds its flags. bin is the folder of the
// programs unless the flag says otherwise.
func (c *Config) RegisterFlags(fs *flag.FlagSet, bin string) {
	*c = Config{Services: map[string]string{Users: "127.0.0.1:8081", Games: "127.0.0.1:8082", Payments: "127.0.0.1:8083"}}
	fs.StringVar(&c.Bin, "bin", bin, "`folder` of the programs")
	fs.StringVar(&c.Data, "data", filepath.Join("data", "up"), "`folder` of everything the store keeps")
	fs.StringVar(&c.AMQP, "amqp.url", "", "RabbitMQ, as amqp://user:password@host:5672/vhost; empty starts a private one; prefer the variable to the flag")
	fs.StringVar(&c.Addr, "http.addr", "127.0.0.1:8080", "host:port of the gateway; port 0 takes a free one")
	for _, name := range []string{Users, Games, Payments} {
		fs.Func(name+".addr", "host:port of "+name+" (default "+c.Services[name]+"); port 0 takes a free one", func(addr string) error {
			c.Services[name] = addr
			return nil
		})
	}
	fs.StringVar(&c.Upstreams, "upstreams", OverHTTP, "how the gateway reaches the services: http or amqp")
	fs.BoolVar(&c.Seed, "seed", true, "put the example catalogue into an empty store")
	fs.StringVar(&c.LogLevel, "log.level", "warn", "debug, info, warn or error")
	fs.StringVar(&c.LogFormat, "log.format", "text", "json or text")
}

func (c Config) in(name string) string { return filepath.Join(c.Data, name) }
