package smtp_test

import (
	"context"
	"errors"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/pkg/errs"
	"gamestore.example/users"
	"gamestore.example/users/adapter/smtp"
	"gamestore.example/users/userstest/mailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var at = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

// timeout is long enough for a slow machine; where a test waits for it, it sets its own.
const timeout = time.Minute

func plain(s *mailtest.Server) smtp.Config {
	return smtp.Config{Addr: s.Addr, From: "Gamestore <store@gamestore.example>", Security: smtp.Plain, Timeout: timeout}
}

func notifier(t *testing.T, cfg smtp.Config) *smtp.Notifier {
	t.Helper()
	n, err := smtp.NewNotifier(cfg, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func notification(name string) users.Notification {
	return users.Notification{
		ID: "welcome-1", To: users.Contact{UserID: "u", Name: name, Email: "ana@example.com"}, Subject: "Welcome",
		Text: "Hello Зоя,\n\n.\n<b>no HTML</b>\n" + strings.Repeat("a long line ", 100) + "\n",
	}
}

func TestAMail(t *testing.T) {
	s := mailtest.Start(t, mailtest.Options{})
	want := notification("Зоя Ñandú 🎲")
	n := notifier(t, plain(s))
	for range 2 {
		if err := n.Notify(t.Context(), want); err != nil {
			t.Fatal(err)
		}
	}
	mails := s.Mails()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	m := mails[0]
	if m.From != "store@gamestore.example" || !slices.Equal(m.To, []string{"ana@example.com"}) {
		t.Errorf("from %q to %q", m.From, m.To)
	}
	to, err := m.Header.AddressList("To")
	if err != nil || len(to) != 1 || *to[0] != (netmail.Address{Name: want.To.Name, Address: "ana@example.com"}) {
		t.Errorf("To: %v, %v", to, err)
	}
	if got := strings.ReplaceAll(m.Text, "\r\n", "\n"); strings.TrimRight(got, "\n") != strings.TrimRight(want.Text, "\n") {
		t.Errorf("the text is\n%q, want\n%q", got, want.Text)
	}
	if date, err := m.Header.Date(); err != nil || !date.Equal(at) {
		t.Errorf("Date: %v, %v", date, err)
	}
	for name, value := range map[string]string{
		"Subject": "Welcome", "Message-Id": "<welcome-1@gamestore.example>", "Auto-Submitted": "auto-generated",
	} {
		if m.Decoded(name) != value || mails[1].Decoded(name) != value {
			t.Errorf("%s: %q and %q, want %q", name, m.Decoded(name), mails[1].Decoded(name), value)
		}
	}
	if !strings.HasPrefix(m.Header.Get("Content-Type"), "text/plain") || strings.ContainsFunc(m.Raw, func(r rune) bool { return r > '~' }) {
		t.Errorf("the mail is not plain ASCII text:\n%s", m.Raw)
	}
}

func TestANameAddsNothingToTheHeader(t *testing.T) {
	s := mailtest.Start(t, mailtest.Options{})
	n := notifier(t, plain(s))
	for i, name := range []string{
		"Ana\r\nBcc: everybody@example.com", "Ana\nX-Evil: 1", "Ana\r\n\r\n<html>", "\"Ana\" <other@example.com>", "Ana, other@example.com",
		"=?utf-8?q?Ana=0D=0ABcc:_x?=", strings.Repeat("Ана ", 300), "Ana\x00\x1b[31m", "a\u202eb", "\xff\xfe", "",
	} {
		if err := n.Notify(t.Context(), notification(name)); err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		m := s.Mails()[i]
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != "ana@example.com" || !slices.Equal(m.To, []string{"ana@example.com"}) {
			t.Errorf("%q: To: %v, %v, sent to %v", name, to, err, m.To)
		}
		for header := range m.Header {
			if !slices.Contains([]string{"From", "To", "Message-Id", "Date", "Subject", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding", "Mime-Version"}, header) {
				t.Errorf("%q: there is a header %q", name, header)
			}
		}
		if !strings.HasPrefix(m.Text, "Hello Зоя") {
			t.Errorf("%q: the text is %q", name, m.Text)
		}
		for line := range strings.SplitSeq(m.Raw, "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("%q: the line %q", name, line)
			}
		}
	}
}

func TestAnAddressThatIsNone(t *testing.T) {
	s := mailtest.Start(t, mailtest.Options{})
	n := notifier(t, plain(s))
	for _, address := range []string{"", "ana", "@example.com", "a\r\nRCPT TO:<b@example.com>@example.com", "ana@exa mple.com", "ana@example.com>\r\nDATA"} {
		m := notification("Ana")
		m.To.Email = address
		if err := n.Notify(t.Context(), m); !errors.Is(err, users.ErrRefused) || errs.SettleOf(err) != errs.Dead {
			t.Errorf("%q: %v", address, err)
		}
	}
	if got := s.Mails(); len(got) != 0 {
		t.Errorf("sent %+v", got)
	}
}

func TestEncryptionAndLogin(t *testing.T) {
	certificate := mailtest.NewCertificate(t)
	for security, implicit := range map[string]bool{smtp.StartTLS: false, smtp.TLS: true} {
		s := mailtest.Start(t, mailtest.Options{TLS: implicit, Certificate: certificate, User: "store", Password: "a secret"})
		cfg := plain(s)
		cfg.Security, cfg.CAFile, cfg.User, cfg.Password = security, certificate.File, "store", "a secret"
		if err := notifier(t, cfg).Notify(t.Context(), notification("Ana")); err != nil {
			t.Errorf("%s: %v", security, err)
		}
		if m := s.Mails(); len(m) != 1 || !m[0].Encrypted {
			t.Errorf("%s: %d mails, %+v", security, len(m), m)
		}
		for name, change := range map[string]func(*smtp.Config){
			"a wrong password": func(c *smtp.Config) { c.Password = "another" },
			"no login":         func(c *smtp.Config) { c.User, c.Password = "", "" },
			"nobody's server":  func(c *smtp.Config) { c.CAFile = "" },
		} {
			wrong := cfg
			change(&wrong)
			if err := notifier(t, wrong).Notify(t.Context(), notification("Ana")); !errors.Is(err, smtp.ErrServer) || strings.Contains(err.Error(), wrong.Password) && wrong.Password != "" {
				t.Errorf("%s, %s: %v", security, name, err)
			}
		}
		if m := s.Mails(); len(m) != 1 {
			t.Errorf("%s: %d mails", security, len(m))
		}
	}
}

func TestNothingIsSentInTheClearWhereEncryptionIsWanted(t *testing.T) {
	s := mailtest.Start(t, mailtest.Options{})
	cfg := plain(s)
	cfg.Security = smtp.StartTLS
	if err := notifier(t, cfg).Notify(t.Context(), notification("Ana")); !errors.Is(err, smtp.ErrServer) || len(s.Mails()) != 0 {
		t.Errorf("got %v, %d mails", err, len(s.Mails()))
	}
}

// TestWhoseFaultItIs is the table of what a delivery's message gets.
func TestWhoseFaultItIs(t *testing.T) {
	s := mailtest.Start(t, mailtest.Options{})
	n := notifier(t, plain(s))
	reply := func(code int) func(string) error {
		return func(address string) error { return mailtest.Reply(code, "no, "+address) }
	}
	cut := func(string) error { return mailtest.ErrCut }
	for name, tc := range map[string]struct {
		hooks  mailtest.Hooks
		want   error
		settle errs.Settle
	}{
		"greylisted":              {mailtest.Hooks{Rcpt: reply(451)}, users.ErrDeferred, errs.Retry},
		"mailbox full":            {mailtest.Hooks{Rcpt: reply(452)}, users.ErrDeferred, errs.Retry},
		"too many mails":          {mailtest.Hooks{Mail: reply(450)}, users.ErrDeferred, errs.Retry},
		"try the content later":   {mailtest.Hooks{Data: reply(451)}, users.ErrDeferred, errs.Retry},
		"no such mailbox":         {mailtest.Hooks{Rcpt: reply(550)}, users.ErrRefused, errs.Dead},
		"content refused":         {mailtest.Hooks{Data: reply(554)}, users.ErrRefused, errs.Dead},
		"sender refused":          {mailtest.Hooks{Mail: reply(550)}, smtp.ErrServer, errs.Hold},
		"server closes":           {mailtest.Hooks{Rcpt: reply(421)}, smtp.ErrServer, errs.Hold},
		"lost before the content": {mailtest.Hooks{Rcpt: cut}, smtp.ErrServer, errs.Hold},
		"lost after the content":  {mailtest.Hooks{Data: cut}, smtp.ErrUnknown, errs.Retry},
	} {
		s.Set(tc.hooks)
		err := n.Notify(t.Context(), notification("Ana"))
		if !errors.Is(err, tc.want) || errs.SettleOf(err) != tc.settle {
			t.Errorf("%s: %v (%v), want %v (%v)", name, err, errs.SettleOf(err), tc.want, tc.settle)
		}
		if err != nil && strings.Contains(err.Error(), "ana@") {
			t.Errorf("%s: the error has the address: %v", name, err)
		}
	}
	if got := s.Mails(); len(got) != 0 {
		t.Errorf("%d mails were taken", len(got))
	}
	s.Set(mailtest.Hooks{})
	s.Stop()
	if err := n.Notify(t.Context(), notification("Ana")); !errors.Is(err, smtp.ErrServer) {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestADeliveryEndsWithItsContext(t *testing.T) {
	s := mailtest.Start(t, mailtest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left := make(chan struct{})
	s.Set(mailtest.Hooks{Rcpt: func(string) error {
		cancel()
		<-left // the server never answers
		return nil
	}})
	err := notifier(t, plain(s)).Notify(ctx, notification("Ana"))
	close(left)
	if !errs.Retryable(err) {
		t.Errorf("got %v", err)
	}

	silent := make(chan struct{})
	s.Set(mailtest.Hooks{Mail: func(string) error { <-silent; return nil }})
	cfg := plain(s)
	cfg.Timeout = 100 * time.Millisecond
	err = notifier(t, cfg).Notify(t.Context(), notification("Ana"))
	close(silent)
	if !errors.Is(err, smtp.ErrServer) {
		t.Errorf("got %v", err)
	}
}

func TestConfigurationsThatCannotWork(t *testing.T) {
	good := smtp.Config{Addr: "mail.example:587", From: "store@gamestore.example", Security: smtp.StartTLS, Timeout: time.Second}
	for name, change := range map[string]func(*smtp.Config){
		"no port":               func(c *smtp.Config) { c.Addr = "mail.example" },
		"no host":               func(c *smtp.Config) { c.Addr = ":587" },
		"port 0":                func(c *smtp.Config) { c.Addr = "mail.example:0" },
		"no sender":             func(c *smtp.Config) { c.From = "" },
		"two senders":           func(c *smtp.Config) { c.From = "a@b.example, c@d.example" },
		"unknown security":      func(c *smtp.Config) { c.Security = "ssl" },
		"a password for all":    func(c *smtp.Config) { c.Security, c.User, c.Password = smtp.Plain, "u", "p" },
		"a password of nobody":  func(c *smtp.Config) { c.Password = "p" },
		"no time":               func(c *smtp.Config) { c.Timeout = 0 },
		"authorities not there": func(c *smtp.Config) { c.CAFile = "/nowhere" },
	} {
		cfg := good
		change(&cfg)
		if _, err := smtp.NewNotifier(cfg, time.Now); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := smtp.NewNotifier(good, nil); err == nil {
		t.Error("no clock: no error")
	}
	if _, err := smtp.NewNotifier(good, time.Now); err != nil {
		t.Error(err)
	}
}
