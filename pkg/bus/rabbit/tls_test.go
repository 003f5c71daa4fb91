package rabbit_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/tlsfile"
	"gamestore.example/pkg/tlsfile/tlstest"
)

// secured listens with TLS in front of a broker, and returns the URL.
func secured(t *testing.T, broker string, cfg *tls.Config) string {
	t.Helper()
	u, err := url.Parse(broker)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	var pipes sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); pipes.Wait() })
	behind := u.Host
	pipes.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			pipes.Go(func() {
				defer c.Close()
				if c.(*tls.Conn).HandshakeContext(t.Context()) != nil {
					return
				}
				b, err := net.Dial("tcp", behind)
				if err != nil {
					return
				}
				defer b.Close()
				pipes.Go(func() { _, _ = io.Copy(c, b); _ = c.Close() })
				_, _ = io.Copy(b, c)
			})
		}
	})
	u.Scheme, u.Host = "amqps", l.Addr().String()
	return u.String()
}

func TestTheBrokerBehindTLS(t *testing.T) {
	broker := rabbittest.Start(t)
	ours := tlstest.New(t)
	server, err := ours.Server("broker").Config()
	if err != nil {
		t.Fatal(err)
	}
	address := secured(t, broker.URL, server)
	for name, tc := range map[string]struct {
		tls     tlsfile.Client
		welcome bool
	}{
		"with a certificate":       {ours.Client("client"), true},
		"without one":              {tlsfile.Client{CA: ours.File}, false},
		"who trusts somebody else": {tlstest.New(t).Client("client"), false},
		"who trusts the machine":   {tlsfile.Client{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := rabbit.New(rabbit.Config{URL: address, TLS: tc.tls})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			patience := time.Minute
			if !tc.welcome {
				patience = 2 * time.Second // it is refused again and again
			}
			ctx, stop := context.WithTimeout(t.Context(), patience)
			defer stop()
			if err := b.Declare(ctx, bus.Queue{Name: "tls.test", Keys: []string{"#"}}); (err == nil) != tc.welcome {
				t.Errorf("%v", err)
			}
		})
	}
}
