// Package tlsfile makes TLS configurations from PEM files, for servers and for clients,
// with certificates on both sides where that is wanted. A certificate that is
// replaced in its file is used from the next connection on, without a restart.
package tlsfile

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"
)

// reloadEvery is how often files are looked at, at most.
const reloadEvery = time.Second

// Server says with what a server speaks TLS. The zero value is plain text.
type Server struct {
	// Cert and Key are the files of the server's certificate, with those between it and
	// its authority, and of its key.
	Cert, Key string
	// ClientCA is the file of the authorities of clients; empty asks clients for
	// no certificate. With it, who has none is refused.
	ClientCA string
}

// RegisterFlags adds the flags "<prefix>cert", "<prefix>key" and "<prefix>client-ca".
func (s *Server) RegisterFlags(fs *flag.FlagSet, prefix string) {
	fs.StringVar(&s.Cert, prefix+"cert", s.Cert, "PEM `file` of the server's certificate; empty means no TLS")
	fs.StringVar(&s.Key, prefix+"key", s.Key, "PEM `file` of the certificate's key")
	fs.StringVar(&s.ClientCA, prefix+"client-ca", s.ClientCA, "PEM `file` of the authorities of clients, who need a certificate then")
}

// Config returns the configuration, or nil for plain text. It reads all files once, so
// that what is wrong is found at the start; later a broken file leaves the last good
// one in use.
func (s Server) Config() (*tls.Config, error) {
	if s == (Server{}) {
		return nil, nil //nolint:nilnil // no TLS is no error
	}
	if s.Cert == "" || s.Key == "" {
		return nil, errors.New("tls: a server needs a certificate and its key")
	}
	cfg := &reloaded[*tls.Config]{files: []string{s.Cert, s.Key, s.ClientCA}, read: s.read}
	first, err := cfg.load()
	if err != nil {
		return nil, err
	}
	outer := first.Clone()
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return cfg.get(), nil }
	return outer, nil
}

func (s Server) read() (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(s.Cert, s.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}
	if s.ClientCA == "" {
		return cfg, nil
	}
	cfg.ClientAuth = tls.RequireAndVerifyClientCert
	cfg.ClientCAs, err = pool(s.ClientCA)
	return cfg, err
}

// Client says with what a client speaks TLS to a server that wants it. With the zero
// value it trusts the machine's authorities and has no certificate.
type Client struct {
	// CA is the file of the authorities of servers, read once; empty means the machine's.
	CA string
	// Cert and Key are the files of the client's own certificate; empty means none.
	Cert, Key string
}

// RegisterFlags adds the flags "<prefix>ca", "<prefix>cert" and "<prefix>key".
func (c *Client) RegisterFlags(fs *flag.FlagSet, prefix, whom string) {
	fs.StringVar(&c.CA, prefix+"ca", c.CA, "PEM `file` of the authorities of "+whom+"; empty means the machine's")
	fs.StringVar(&c.Cert, prefix+"cert", c.Cert, "PEM `file` of the certificate to show to "+whom)
	fs.StringVar(&c.Key, prefix+"key", c.Key, "PEM `file` of that certificate's key")
}

// Config returns the configuration, or nil for what is usual without any.
func (c Client) Config() (*tls.Config, error) {
	if c == (Client{}) {
		return nil, nil //nolint:nilnil // the usual is no error
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	var err error
	if c.CA != "" {
		if cfg.RootCAs, err = pool(c.CA); err != nil {
			return nil, err
		}
	}
	if c.Cert == "" && c.Key == "" {
		return cfg, nil
	}
	if c.Cert == "" || c.Key == "" {
		return nil, errors.New("tls: a client's certificate needs its key, and the key its certificate")
	}
	cert := &reloaded[*tls.Certificate]{files: []string{c.Cert, c.Key}, read: func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		return &pair, nil
	}}
	if _, err := cert.load(); err != nil {
		return nil, err
	}
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert.get(), nil }
	return cfg, nil
}

func pool(file string) (*x509.CertPool, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("tls: no certificate in %s", file)
	}
	return p, nil
}

// reloaded is what was read from files, read again once they have changed. It is safe
// for concurrent use.
type reloaded[T any] struct {
	files []string
	read  func() (T, error)

	mu      sync.Mutex
	value   T
	stamps  []time.Time
	checked time.Time
}

// load reads for the first time.
func (r *reloaded[T]) load() (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stamps, r.checked = r.look(), time.Now()
	var err error
	r.value, err = r.read()
	return r.value, err
}

// get returns what the files hold. While one is broken, or half of a pair is replaced,
// it is what they held before.
func (r *reloaded[T]) get() T {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.checked) < reloadEvery {
		return r.value
	}
	r.checked = time.Now()
	stamps := r.look()
	if same(stamps, r.stamps) {
		return r.value
	}
	if value, err := r.read(); err == nil {
		r.value, r.stamps = value, stamps
	}
	return r.value
}

// look returns when each file was changed; the zero time if it cannot be seen.
func (r *reloaded[T]) look() []time.Time {
	stamps := make([]time.Time, len(r.files))
	for i, file := range r.files {
		if info, err := os.Stat(file); err == nil {
			stamps[i] = info.ModTime()
		}
	}
	return stamps
}

func same(a, b []time.Time) bool {
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}
