package security_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// grown is how much memory a flood may cost the process, in bytes.
const grown = 150 << 20

// TestSecurity09 attacks one real process with everything that is too much, while somebody
// else goes on using it.
func TestSecurity09(t *testing.T) {
	s := store(t, "-http.read-header-timeout", "2s", "-http.read-timeout", "3s", "-gateway.rate.read.address", "off",
		"-gateway.rate.auth.address", "off", "-gateway.rate.purchase.address", "off", "-gateway.rate.purchase.user", "off", "-log.level", "error")
	admin, _ := s.login(adminEmail)
	s.do(http.MethodGet, "/api/games", "")
	before := s.memory("VmRSS")
	ctx, stop := context.WithCancel(t.Context())
	var bystander sync.WaitGroup
	var served atomic.Int64
	bystander.Go(func() {
		defer stop()
		for ctx.Err() == nil {
			a, err := s.try(http.MethodGet, "/api/games?q=lantern", "")
			if err != nil || a.status != http.StatusOK {
				t.Errorf("somebody else was not served: %v %d %s", err, a.status, a.text)
				return
			}
			served.Add(1)
		}
	})
	for name, attack := range map[string]func(*testing.T, *running, string){
		"slow headers":       slowHeaders,
		"slow body":          slowBody,
		"ten megabytes":      large,
		"chunked":            chunked,
		"deep JSON":          deep,
		"header bomb":        headerBomb,
		"connection flood":   connections,
		"decompression":      gzipBomb,
		"pages":              pages,
		"a path and a query": longPath,
	} {
		t.Run(name, func(t *testing.T) {
			begin := served.Load()
			attack(t, s, admin)
			eventually(t, "others are served", func() bool { return served.Load() > begin || ctx.Err() != nil })
		})
	}
	stop()
	bystander.Wait()
	if most := s.memory("VmHWM"); most-before > grown {
		t.Errorf("the process grew from %d to %d MiB", before>>20, most>>20)
	}
}

// dial opens a connection that the test closes.
func dial(t *testing.T, s *running) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// cutOff waits until the server has closed the connection, and returns what it said.
func cutOff(t *testing.T, c net.Conn) string {
	t.Helper()
	said, err := io.ReadAll(c)
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		t.Errorf("the connection is still open; it said %.100q", said)
	}
	return string(said)
}

func slowHeaders(t *testing.T, s *running, _ string) {
	var slow []net.Conn
	for range 50 {
		c := dial(t, s)
		fmt.Fprint(c, "GET /api/games HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		slow = append(slow, c)
	}
	for _, c := range slow {
		if said := cutOff(t, c); strings.HasPrefix(said, "HTTP/1.1 200") {
			t.Errorf("it was served: %.80s", said)
		}
	}
}

func slowBody(t *testing.T, s *running, _ string) {
	var slow []net.Conn
	for range 50 {
		c := dial(t, s)
		fmt.Fprint(c, "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
		slow = append(slow, c)
	}
	for _, c := range slow {
		if said := cutOff(t, c); !strings.HasPrefix(said, "HTTP/1.1 400") && !strings.HasPrefix(said, "HTTP/1.1 408") && said != "" {
			t.Errorf("half a body: %.80s", said)
		}
	}
}

func large(t *testing.T, s *running, admin string) {
	body := `{"name": "` + strings.Repeat("x", 10<<20) + `"}`
	for _, path := range []string{"/api/users", "/api/auth/login", "/api/games"} {
		a, err := s.as(admin).try(http.MethodPost, path, body)
		if err == nil && a.status != http.StatusRequestEntityTooLarge { // the connection may be cut before all is sent
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
}

// chunked sends chunks until nobody reads them any more.
func chunked(t *testing.T, s *running, _ string) {
	c := dial(t, s)
	fmt.Fprint(c, "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
	var said string
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		said = cutOff(t, c)
	}()
	piece := fmt.Sprintf("%x\r\n%s\r\n", 64<<10, bytes.Repeat([]byte(" "), 64<<10))
	sent := 0
	for range 1024 { // 64 MiB
		if _, err := io.WriteString(c, piece); err != nil {
			break
		}
		sent += len(piece)
	}
	<-answered
	if !strings.HasPrefix(said, "HTTP/1.1 413") && said != "" {
		t.Errorf("it said %.80q after %d bytes", said, sent)
	}
	if sent > 32<<20 {
		t.Errorf("it took %d bytes", sent)
	}
}

func deep(t *testing.T, s *running, admin string) {
	for _, body := range []string{
		strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
		strings.Repeat(`{"a":`, 2500) + "1" + strings.Repeat("}", 2500),
		strings.Repeat("[", 10_000),
	} {
		a := s.as(admin).want(http.StatusBadRequest, http.MethodPost, "/api/games", body)
		if a.str("code") != "too-deep" {
			t.Errorf("%s", a.text)
		}
	}
}

func headerBomb(t *testing.T, s *running, _ string) {
	for name, header := range map[string]string{
		"one long":  "X-Bomb: " + strings.Repeat("x", 1<<20) + "\r\n",
		"many":      strings.Repeat("X-Bomb: x\r\n", 100_000),
		"many keys": manyHeaders(50_000),
	} {
		c := dial(t, s)
		_, _ = io.WriteString(c, "GET /api/games HTTP/1.1\r\nHost: x\r\n"+header+"\r\n") // it may be cut off
		if said := cutOff(t, c); said != "" && !strings.HasPrefix(said, "HTTP/1.1 431") {
			t.Errorf("%s: %.80q", name, said)
		}
	}
}

func manyHeaders(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-Bomb-%d: x\r\n", i)
	}
	return b.String()
}

// connections holds many at once that say nothing.
func connections(t *testing.T, s *running, _ string) {
	var held []net.Conn
	for range 500 {
		held = append(held, dial(t, s))
	}
	s.want(http.StatusOK, http.MethodGet, "/api/categories", "")
	for _, c := range held {
		cutOff(t, c)
	}
}

// gzipBomb is 10 MiB of blanks in few bytes: what is compressed is not read at all.
func gzipBomb(t *testing.T, s *running, admin string) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	blanks := bytes.Repeat([]byte(" "), 1<<20)
	for range 10 {
		_, _ = w.Write(blanks)
	}
	_ = w.Close()
	for _, encoding := range []string{"gzip", "deflate", "br", "gzip, gzip", "x-gzip"} {
		s.as(admin).want(http.StatusUnsupportedMediaType, http.MethodPost, "/api/auth/login", packed.String(), "Content-Encoding", encoding)
	}
}

func pages(t *testing.T, s *running, admin string) {
	for _, path := range []string{
		"/api/games?limit=101", "/api/games?limit=1000000", "/api/games?limit=-1", "/api/me/purchases?limit=101",
		"/api/me/library?limit=99999999999999999999", "/api/users/me/history?limit=101", "/api/me/recommendations?limit=10000",
	} {
		s.as(admin).want(http.StatusBadRequest, http.MethodGet, path, "")
	}
}

func longPath(t *testing.T, s *running, _ string) {
	for _, path := range []string{
		"/api/games/" + strings.Repeat("x", 8000), "/api/games?q=" + strings.Repeat("x", 8000), "/api/games?cursor=" + strings.Repeat("x", 8000),
		"/" + strings.Repeat("a/", 4000), "/api/games?" + strings.Repeat("a=b&", 2000),
	} {
		if a := s.do(http.MethodGet, path, ""); a.status >= http.StatusInternalServerError {
			t.Errorf("%.40s…: %d %s", path, a.status, a.text)
		}
	}
}
