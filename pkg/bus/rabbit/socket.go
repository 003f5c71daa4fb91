package rabbit

import (
	"net"
	"sync"
	"time"
)

// corkSize is how much of what is written together is sent at once.
const corkSize = 64 << 10

// socket bounds each write: a broker under an alarm stops reading, and a write would
// wait for ever. Between cork and uncork it collects what is written: the client library
// flushes each message by itself, and a system call for each is what publishing costs most.
type socket struct {
	net.Conn
	timeout time.Duration

	mu      sync.Mutex
	corks   int
	pending []byte
}

// cork begins a short time in which writes are collected.
func (s *socket) cork() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.corks++
}

// uncork ends what cork began, and sends what everybody has written so far. After an
// error the connection is of no more use.
func (s *socket) uncork() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.corks--
	return s.flush()
}

func (s *socket) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.corks > 0 && len(s.pending)+len(b) <= corkSize {
		s.pending = append(s.pending, b...)
		return len(b), nil
	}
	if err := s.flush(); err != nil {
		return 0, err
	}
	return s.send(b)
}

// flush sends what was collected. What follows an error must not be sent: a part of a
// frame may be lost.
func (s *socket) flush() error {
	if len(s.pending) == 0 {
		return nil
	}
	_, err := s.send(s.pending)
	s.pending = s.pending[:0]
	if err != nil {
		_ = s.Close()
	}
	return err
}

func (s *socket) send(b []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return 0, err
	}
	return s.Conn.Write(b)
}
