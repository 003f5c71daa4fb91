package rabbit_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// gate is a way to a broker that can hold back what the broker says.
type gate struct {
	url string
	// sent counts the bytes that went to the broker.
	sent atomic.Int64

	// limit is after how many bytes of the broker the gate closes by itself; 0 means never.
	limit, said atomic.Int64

	listener net.Listener

	mu    sync.Mutex
	open  chan struct{} // closed while the gate is open
	conns []net.Conn
}

func newGate(t *testing.T, broker string) *gate {
	t.Helper()
	u, err := url.Parse(broker)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{open: make(chan struct{}), listener: l}
	close(g.open)
	target := u.Host
	u.Host = l.Addr().String()
	g.url = u.String()
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			g.mu.Lock()
			g.conns = append(g.conns, client, server)
			g.mu.Unlock()
			running.Go(func() { pass(server, io.TeeReader(client, counter{&g.sent})); _ = server.Close() })
			running.Go(func() { pass(client, held{server, g}); _ = client.Close() })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		g.release()
		g.cut()
		running.Wait()
	})
	return g
}

func pass(to io.Writer, from io.Reader) {
	_, _ = io.Copy(struct{ io.Writer }{to}, struct{ io.Reader }{from})
}

// hold keeps back what the broker says from now on.
func (g *gate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = make(chan struct{})
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
	default:
		close(g.open)
	}
}

// cut ends all connections.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		_ = c.Close()
	}
	g.conns = nil
}

// shut ends all connections and takes no other.
func (g *gate) shut() {
	_ = g.listener.Close()
	g.cut()
}

type held struct {
	io.Reader
	gate *gate
}

func (h held) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	if limit := h.gate.limit.Load(); limit > 0 && h.gate.said.Add(int64(n)) > limit {
		h.gate.limit.Store(0)
		h.gate.hold()
	}
	h.gate.mu.Lock()
	open := h.gate.open
	h.gate.mu.Unlock()
	<-open
	return n, err
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return len(b), nil
}
