// Package mailtest is a mail server for tests: it speaks SMTP on a loopback port, keeps
// what it takes, and fails where a test tells it to.
package mailtest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Options say what kind of a server it is.
type Options struct {
	// Addr is where it listens; empty means a free port.
	Addr string
	// TLS encrypts from the first byte. Else STARTTLS is offered if there is a certificate.
	TLS bool
	// Certificate is nil for a server without encryption.
	Certificate *Certificate
	// User and Password are required of clients, if User is not empty.
	User, Password string
}

// Mail is what was taken.
type Mail struct {
	From string
	To   []string
	// Header is decoded by its reader; Text is the decoded body.
	Header mail.Header
	Text   string
	Raw    string
	// Encrypted says how it came.
	Encrypted bool
}

// Hooks decide what is answered, where they are not nil. An *smtp.SMTPError is the reply as it
// is. ErrCut closes the connection instead of a reply.
type Hooks struct {
	Mail, Rcpt, Data func(address string) error
}

// ErrCut closes the connection instead of a reply.
var ErrCut = errors.New("mailtest: cut")

// Reply returns the error of a Hook that makes the server reply with a code and a text.
func Reply(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: text}
}

// Server is a running mail server.
type Server struct {
	// Addr is its host:port.
	Addr string

	options  Options
	listener net.Listener
	server   *smtp.Server
	ended    chan struct{}
	mu       sync.Mutex
	hooks    Hooks
	mails    []Mail
}

// Start runs a server until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	s := &Server{options: o, ended: make(chan struct{})}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", o.Addr)
	if err != nil {
		t.Fatal(err)
	}
	s.Addr, s.listener = listener.Addr().String(), listener
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	s.server.Domain, s.server.EnableSMTPUTF8, s.server.ErrorLog = "mail.example", true, log.New(io.Discard, "", 0)
	s.server.AllowInsecureAuth = false
	if o.Certificate != nil {
		s.server.TLSConfig = o.Certificate.server
	}
	if o.TLS {
		listener = tls.NewListener(listener, o.Certificate.server)
	}
	go func() {
		defer close(s.ended)
		_ = s.server.Serve(listener)
	}()
	t.Cleanup(s.Stop)
	return s
}

// Stop closes the server and all its connections.
func (s *Server) Stop() {
	_ = s.listener.Close() // the server knows it only when it has begun to serve
	_ = s.server.Close()
	<-s.ended
}

// Set replaces the hooks.
func (s *Server) Set(h Hooks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = h
}

// Mails returns what was taken so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

func (s *Server) current() Hooks {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hooks
}

// session is one connection's.
type session struct {
	server *Server
	conn   *smtp.Conn
	known  bool
	mail   Mail
}

func (s *session) AuthMechanisms() []string {
	if s.server.options.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.options.User || password != s.server.options.Password {
			return smtp.ErrAuthFailed
		}
		s.known = true
		return nil
	}), nil
}

func (s *session) Reset()        { s.mail = Mail{} }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.options.User != "" && !s.known {
		return smtp.ErrAuthRequired
	}
	s.mail.From = from
	return s.ask(s.server.current().Mail, from)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.To = append(s.mail.To, to)
	return s.ask(s.server.current().Rcpt, to)
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.ask(s.server.current().Data, s.mail.To[0]); err != nil {
		return err
	}
	_, s.mail.Encrypted = s.conn.TLSConnectionState()
	taken, err := read(s.mail, raw)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, taken)
	return nil
}

func (s *session) ask(hook func(string) error, address string) error {
	if hook == nil {
		return nil
	}
	err := hook(address)
	if errors.Is(err, ErrCut) {
		_ = s.conn.Conn().Close()
	}
	return err
}

// read takes a mail apart as its reader would.
func read(m Mail, raw []byte) (Mail, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m, err
	}
	body := parsed.Body
	if parsed.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	m.Header, m.Text, m.Raw = parsed.Header, string(text), string(raw)
	return m, err
}

// Decoded returns a header with its encoded words decoded.
func (m Mail) Decoded(name string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get(name))
	if err != nil {
		return err.Error()
	}
	return text
}
