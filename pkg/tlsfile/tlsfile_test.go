package tlsfile_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"gamestore.example/pkg/tlsfile"
	"gamestore.example/pkg/tlsfile/tlstest"
)

// greet shakes hands and returns the serial number of the server.
func greet(t *testing.T, s, c *tls.Config) (string, error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	a, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if c.ServerName == "" {
		c = c.Clone()
		c.ServerName = "localhost"
	}
	server, client := tls.Server(a, s), tls.Client(b, c)
	done := make(chan error, 1)
	go func() {
		err := server.HandshakeContext(ctx)
		if err == nil {
			_, err = server.Write([]byte("x")) // by then a client without a certificate was refused
		}
		done <- errors.Join(err, a.Close())
	}()
	err = client.HandshakeContext(ctx)
	serial := ""
	if err == nil {
		serial = client.ConnectionState().PeerCertificates[0].SerialNumber.String()
		_, err = io.ReadFull(client, make([]byte, 1))
	}
	_ = b.Close()
	return serial, errors.Join(err, <-done)
}

func TestWhoMayTalkToWhom(t *testing.T) {
	ours, theirs := tlstest.New(t), tlstest.New(t)
	config := func(c tlsfile.Client) *tls.Config {
		t.Helper()
		cfg, err := c.Config()
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	s, err := ours.Server("server").Config()
	if err != nil {
		t.Fatal(err)
	}
	foreign := theirs.Client("foreign")
	for name, tc := range map[string]struct {
		client  *tls.Config
		welcome bool
	}{
		"one of ours":              {config(ours.Client("client")), true},
		"without a certificate":    {config(tlsfile.Client{CA: ours.File}), false},
		"of another authority":     {config(tlsfile.Client{CA: ours.File, Cert: foreign.Cert, Key: foreign.Key}), false},
		"who trusts somebody else": {config(foreign), false},
		"of an old version":        {&tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}, false},
	} {
		if _, err := greet(t, s, tc.client); (err == nil) != tc.welcome {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARenewedCertificateIsUsedWithoutARestart(t *testing.T) {
	ours := tlstest.New(t)
	files := ours.Server("server")
	s, err := files.Config()
	if err != nil {
		t.Fatal(err)
	}
	c, err := ours.Client("client").Config()
	if err != nil {
		t.Fatal(err)
	}
	first, err := greet(t, s, c)
	if err != nil {
		t.Fatal(err)
	}
	// A broken file changes nothing, and the next good one is taken.
	if err := os.WriteFile(files.Key, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again, err := greet(t, s, c); err != nil || again != first {
		t.Errorf("with a broken file: %s, %v", again, err)
	}
	ours.Issue("server")
	touch := time.Now().Add(time.Minute) // file systems may keep whole seconds
	if err := errors.Join(os.Chtimes(files.Cert, touch, touch), os.Chtimes(files.Key, touch, touch)); err != nil {
		t.Fatal(err)
	}
	deadline, tick := time.After(time.Minute), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for {
		now, err := greet(t, s, c)
		if err != nil {
			t.Fatal(err)
		}
		if now != first {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the old certificate stays")
		}
	}
}

func TestWhatIsWrongIsFoundAtTheStart(t *testing.T) {
	ours := tlstest.New(t)
	cert, key := ours.Issue("x")
	other, _ := tlstest.New(t).Issue("x")
	for _, s := range []tlsfile.Server{{Cert: cert}, {Key: key}, {ClientCA: ours.File}, {Cert: "none", Key: key}, {Cert: other, Key: key}, {Cert: cert, Key: key, ClientCA: key}} {
		if _, err := s.Config(); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	for _, c := range []tlsfile.Client{{Cert: cert}, {Key: key}, {CA: "none"}, {CA: key}, {Cert: other, Key: key}} {
		if _, err := c.Config(); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if s, err := (tlsfile.Server{}).Config(); s != nil || err != nil {
		t.Errorf("nothing is %v, %v", s, err)
	}
	if c, err := (tlsfile.Client{}).Config(); c != nil || err != nil {
		t.Errorf("nothing is %v, %v", c, err)
	}
}
