// Package smtp is a users.Notifier that sends mail through a mail server.
//
// A notification is one mail of plain text. Its Message-ID is made of the notification's
// ID, so that repetitions of one are the same mail to servers and readers that look for
// duplicates. A name goes into the header only in encoded form, and never adds a line to it.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	netmail "net/mail"
	"time"

	"github.com/wneessen/go-mail"

	"gamestore.example/users"
)

// Notifier sends each notification on a connection of its own. It is safe for concurrent use.
type Notifier struct {
	cfg    Config
	server server
	now    func() time.Time
}

var _ users.Notifier = (*Notifier)(nil)

// NewNotifier returns a Notifier, or what is wrong with the configuration. It does not
// look for the server. now is the clock of the mail's header.
func NewNotifier(cfg Config, now func() time.Time) (*Notifier, error) {
	if now == nil {
		return nil, errors.New("smtp: a clock is required")
	}
	s, err := cfg.check()
	if err != nil {
		return nil, err
	}
	n := &Notifier{cfg: cfg, server: s, now: now}
	_, err = n.client(context.Background()) // so that it cannot fail later
	return n, err
}

// Notify implements users.Notifier: nil means that the server has taken the mail.
func (n *Notifier) Notify(ctx context.Context, m users.Notification) error {
	msg, err := n.mail(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Timeout)
	defer cancel()
	client, err := n.client(ctx)
	if err != nil {
		return err
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil && !msg.IsDelivered() {
		return classify(err)
	}
	return nil // also when only the farewell failed
}

// mail composes the mail of a notification.
func (n *Notifier) mail(m users.Notification) (*mail.Msg, error) {
	to, err := netmail.ParseAddress((&netmail.Address{Address: m.To.Email}).String())
	if err != nil || to.Address != m.To.Email { // what cannot be written is left out: that would be somebody else's
		return nil, users.ErrRefused.WithCause(errors.New("smtp: the address cannot be written into a header"))
	}
	to.Name = m.To.Name // net/mail encodes it, or quotes it
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.SetAddrHeaderFromMailAddress(mail.HeaderFrom, n.server.from)
	msg.SetAddrHeaderFromMailAddress(mail.HeaderTo, to)
	msg.SetMessageIDWithValue(m.ID + "@" + n.server.domain)
	msg.SetDateWithValue(n.now())
	msg.Subject(m.Subject)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday notes in answer
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	return msg, nil
}

// client returns a client whose connections end with ctx.
func (n *Notifier) client(ctx context.Context) (*mail.Client, error) {
	options := []mail.Option{
		mail.WithPort(n.server.port), mail.WithTimeout(n.cfg.Timeout), mail.WithTLSConfig(n.server.tls), mail.WithDialContextFunc(n.dial(ctx)),
	}
	switch n.cfg.Security {
	case StartTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case TLS:
		options = append(options, mail.WithSSL())
	default:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if n.cfg.User != "" {
		options = append(options, mail.WithUsername(n.cfg.User), mail.WithPassword(n.cfg.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	return mail.NewClient(n.server.host, options...)
}

// dial returns a function that connects, and closes the connection when ctx ends:
// the library looks at its context only until then.
func (n *Notifier) dial(ctx context.Context) mail.DialContextFunc {
	return func(dialCtx context.Context, network, address string) (net.Conn, error) {
		var (
			conn net.Conn
			err  error
		)
		if n.cfg.Security == TLS {
			conn, err = (&tls.Dialer{Config: n.server.tls}).DialContext(dialCtx, network, address)
		} else {
			conn, err = (&net.Dialer{}).DialContext(dialCtx, network, address)
		}
		if err == nil {
			context.AfterFunc(ctx, func() { _ = conn.Close() }) // Notify ends ctx: nothing is left behind
		}
		return conn, err
	}
}
