package up

import (
	"bytes"
	"io"
	"sync"
)

// prefixed writes whole lines, each after the prefix.
type prefixed struct {
	prefix string
	out    io.Writer
	rest   []byte
}

// Write implements io.Writer. A line is written when its end comes.
func (p *prefixed) Write(b []byte) (int, error) {
	p.rest = append(p.rest, b...)
	for {
		line, rest, whole := bytes.Cut(p.rest, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		p.line(line)
		p.rest = rest
	}
}

// flush writes what has no end of line.
func (p *prefixed) flush() {
	if len(p.rest) > 0 {
		p.line(p.rest)
		p.rest = nil
	}
}

// line writes with one call, so that lines of several processes never mix. That the
// reader of the log is gone must not end who writes it.
func (p *prefixed) line(line []byte) {
	_, _ = p.out.Write(append(append([]byte(p.prefix), line...), '\n'))
}

// serial lets one at a time write.
type serial struct {
	mu  sync.Mutex
	out io.Writer
}

// Write implements io.Writer.
func (s *serial) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(b)
}
