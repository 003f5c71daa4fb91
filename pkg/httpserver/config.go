package httpserver

import (
	"flag"
	"time"

	"gamestore.example/pkg/tlsfile"
)

// Config says where a server listens and what it allows. Zero values mean the
// defaults of DefaultConfig.
type Config struct {
	// Addr is host:port; port 0 takes a free one.
	Addr string
	// MaxBody bounds bodies of requests, MaxHeader their headers; in bytes.
	MaxBody   int64
	MaxHeader int
	// ReadHeaderTimeout and ReadTimeout bound how long a request may take to
	// arrive: its headers, and all of it.
	ReadHeaderTimeout time.Duration
	ReadTimeout       time.Duration
	// WriteTimeout bounds how long the answer may take from the request's headers
	// on; of an event stream, how long each write may take.
	WriteTimeout time.Duration
	// IdleTimeout is how long a connection may wait for its next request.
	IdleTimeout time.Duration
	// DrainDelay is how long the server goes on as before after it was told to
	// stop, not ready any more, so that load balancers notice: 0 by default.
	DrainDelay time.Duration
	// DrainTimeout is how long requests in flight have to end after that.
	DrainTimeout time.Duration
	// TLS is what the server speaks TLS with, HTTP/1.1 alone; the zero value is plain text.
	TLS tlsfile.Server
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Addr:              "127.0.0.1:8080",
		MaxBody:           DefaultMaxBody,
		MaxHeader:         16 << 10,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		DrainTimeout:      10 * time.Second,
	}
}

// RegisterFlags registers the configuration as flags "<prefix>addr", …; prefix ends
// with a dot, such as "http.". What is set in c already is the default.
func (c *Config) RegisterFlags(fs *flag.FlagSet, prefix string) {
	*c = c.withDefaults()
	fs.StringVar(&c.Addr, prefix+"addr", c.Addr, "host:port to listen at; port 0 takes a free one")
	fs.Int64Var(&c.MaxBody, prefix+"max-body", c.MaxBody, "longest body of a request, in bytes")
	fs.IntVar(&c.MaxHeader, prefix+"max-header", c.MaxHeader, "longest header of a request, in bytes")
	fs.DurationVar(&c.ReadHeaderTimeout, prefix+"read-header-timeout", c.ReadHeaderTimeout, "how long a request's header may take to arrive")
	fs.DurationVar(&c.ReadTimeout, prefix+"read-timeout", c.ReadTimeout, "how long a whole request may take to arrive")
	fs.DurationVar(&c.WriteTimeout, prefix+"write-timeout", c.WriteTimeout, "how long an answer may take, streams excepted")
	fs.DurationVar(&c.IdleTimeout, prefix+"idle-timeout", c.IdleTimeout, "how long a connection may wait for its next request")
	fs.DurationVar(&c.DrainDelay, prefix+"drain-delay", c.DrainDelay, "how long to serve on, not ready, after the signal to stop")
	c.TLS.RegisterFlags(fs, prefix+"tls.")
	fs.DurationVar(&c.DrainTimeout, prefix+"drain-timeout", c.DrainTimeout, "how long requests in flight have to end when stopping")
}

func (c Config) withDefaults() Config {
	d := DefaultConfig()
	setDefault(&c.Addr, d.Addr)
	setDefault(&c.MaxBody, d.MaxBody)
	setDefault(&c.MaxHeader, d.MaxHeader)
	setDefault(&c.ReadHeaderTimeout, d.ReadHeaderTimeout)
	setDefault(&c.ReadTimeout, d.ReadTimeout)
	setDefault(&c.WriteTimeout, d.WriteTimeout)
	setDefault(&c.IdleTimeout, d.IdleTimeout)
	setDefault(&c.DrainTimeout, d.DrainTimeout)
	return c
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
