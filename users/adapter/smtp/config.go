package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net"
	netmail "net/mail"
	"os"
	"strconv"
	"strings"
	"time"
)

// The ways to speak to the server.
const (
	// StartTLS begins in the clear and sends nothing before the server has agreed to TLS.
	StartTLS = "starttls"
	// TLS is encrypted from the first byte.
	TLS = "tls"
	// Plain is not encrypted, and then there is no login.
	Plain = "none"
)

// Config says how mail leaves.
type Config struct {
	// Addr is the server's host:port.
	Addr string
	// From is the sender, as an address or as name <address>.
	From string
	// Security is StartTLS, TLS or Plain.
	Security string
	// CAFile is a PEM file of the authorities that the server's certificate is from; empty
	// means the system's.
	CAFile string
	// User and Password log in; an empty User does not.
	User, Password string
	// Timeout bounds the whole delivery of one mail.
	Timeout time.Duration
}

// DefaultTimeout is more than a server takes that looks into a mail before it answers.
const DefaultTimeout = 20 * time.Second

// RegisterFlags sets c to the defaults and adds its flags under the prefix. Prefer the
// variable of the password, since others can see a process's arguments.
func (c *Config) RegisterFlags(fs *flag.FlagSet, prefix string) {
	*c = Config{Addr: "127.0.0.1:587", Security: StartTLS, Timeout: DefaultTimeout}
	fs.StringVar(&c.Addr, prefix+"addr", c.Addr, "`host:port` of the mail server")
	fs.StringVar(&c.From, prefix+"from", "", "sender, as `address` or name <address>")
	fs.StringVar(&c.Security, prefix+"security", c.Security, "starttls, tls or none")
	fs.StringVar(&c.CAFile, prefix+"ca", "", "PEM `file` of the authorities to trust; empty means the system's")
	fs.StringVar(&c.User, prefix+"user", "", "user at the mail server; empty does not log in")
	fs.StringVar(&c.Password, prefix+"password", "", "`password` at the mail server")
	fs.DurationVar(&c.Timeout, prefix+"timeout", c.Timeout, "bound of the delivery of one mail")
}

// server is a checked Config.
type server struct {
	host   string
	port   int
	domain string // of the sender
	from   *netmail.Address
	tls    *tls.Config
}

func (c Config) check() (server, error) {
	var s server
	host, port, err := net.SplitHostPort(c.Addr)
	if err == nil {
		s.port, err = strconv.Atoi(port)
	}
	if err != nil || host == "" || s.port < 1 || s.port > 65535 {
		return s, fmt.Errorf("smtp: the server %q: want host:port", c.Addr)
	}
	if s.from, err = netmail.ParseAddress(c.From); err != nil {
		return s, fmt.Errorf("smtp: the sender %q: %w", c.From, err)
	}
	s.host, s.domain = host, s.from.Address[strings.LastIndex(s.from.Address, "@")+1:]
	switch {
	case c.Security != StartTLS && c.Security != TLS && c.Security != Plain:
		return s, fmt.Errorf("smtp: the security %q: want %s, %s or %s", c.Security, StartTLS, TLS, Plain)
	case c.Security == Plain && c.User != "":
		return s, errors.New("smtp: a login needs starttls or tls: a password is not sent in the clear")
	case c.User == "" && c.Password != "":
		return s, errors.New("smtp: a password needs a user")
	case c.Timeout <= 0:
		return s, fmt.Errorf("smtp: the timeout %v: want more than 0", c.Timeout)
	}
	s.tls, err = c.trust(host)
	return s, err
}

func (c Config) trust(host string) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return cfg, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("smtp: the authorities: %w", err)
	}
	cfg.RootCAs = x509.NewCertPool()
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("smtp: no certificate in %s", c.CAFile)
	}
	return cfg, nil
}
