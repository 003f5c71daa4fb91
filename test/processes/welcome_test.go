package processes_test

import (
	"context"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gamestore.example/deploy/up"
	"gamestore.example/pkg/bus/rabbit"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/users/userstest/mailtest"

	// The program under test: a cached result of this test is of this code.
	_ "gamestore.example/users/app/welcome"
)

const (
	welcomeWorker = "welcome"
	serviceToken  = "d2VsY29tZS10aGUtbmV3LXVzZXJzLW9mLXRoaXMtdGVzdA"
	mailPassword  = "the store's own password"
)

// welcoming is a store with a mail server and a worker that welcomes new users.
type welcoming struct {
	*store
	mails       *mailtest.Server
	certificate *mailtest.Certificate
	// all are the mail servers that there were, for what each has taken.
	all []*mailtest.Server
}

func startWelcoming(t *testing.T) *welcoming {
	t.Helper()
	w := &welcoming{certificate: mailtest.NewCertificate(t)}
	w.openMail(t, "")
	w.store = start(t, func(all []up.Program) []up.Program {
		for i, p := range all {
			if p.Name == up.Users {
				all[i].Env = append(p.Env, "USERS_SERVICE_TOKEN="+serviceToken)
			}
		}
		return all
	})
	program := filepath.Join(programs(t), welcomeWorker)
	args := append(append([]string{"build"}, buildFlags()...), "-o", program, "gamestore.example/users/cmd/welcome")
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("build the worker: %v\n%s", err, out)
	}
	probes := freeAddr(t) // it is ready when its queue is there
	w.add(up.Program{
		Name: welcomeWorker, Path: program, URL: "http://" + probes,
		Args: []string{
			"-http.addr", probes, "-log.level", "warn", "-bus.ladder", "100ms,200ms,400ms,1s", "-welcome.notifier", "smtp",
			"-welcome.smtp.addr", w.mails.Addr, "-welcome.smtp.ca", w.certificate.File, "-welcome.smtp.user", "store",
			"-welcome.smtp.from", "Gamestore <store@gamestore.example>",
		},
		Env: []string{"BUS_URL=" + w.broker, "WELCOME_SERVICE_TOKEN=" + serviceToken, "WELCOME_SMTP_PASSWORD=" + mailPassword},
	})
	return w
}

// freeAddr returns an address where nobody listens at this moment.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// add starts one program more.
func (s *store) add(p up.Program) {
	s.t.Helper()
	s.known, s.running = append(s.known, p), append(s.running, nil)
	s.restart(p.Name)
}

// openMail starts a mail server that wants STARTTLS and a login.
func (w *welcoming) openMail(t *testing.T, addr string) {
	t.Helper()
	w.mails = mailtest.Start(t, mailtest.Options{Addr: addr, Certificate: w.certificate, User: "store", Password: mailPassword})
	w.all = append(w.all, w.mails)
}

// signUp makes an account with a name; its address is <local>@example.com.
func (w *welcoming) signUp(name, local string) {
	w.t.Helper()
	c := &client{t: w.t, base: w.base, http: &http.Client{}}
	w.t.Cleanup(c.http.CloseIdleConnections)
	c.must(call{method: http.MethodPost, path: "/api/users", body: contractusers.SignUpRequest{
		Email: local + "@example.com", Password: "a long sentence of no meaning", Name: name,
	}}, http.StatusCreated, nil)
}

// to returns the mails that somebody got, from whichever server.
func (w *welcoming) to(local string) []mailtest.Mail {
	var got []mailtest.Mail
	for _, server := range w.all {
		for _, m := range server.Mails() {
			if m.To[0] == local+"@example.com" {
				got = append(got, m)
			}
		}
	}
	return got
}

// arrive waits until somebody got a welcome, and returns it.
func (w *welcoming) arrive(local string) mailtest.Mail {
	w.t.Helper()
	await(w.t, local+" is welcomed", func() bool { return len(w.to(local)) > 0 })
	return w.to(local)[0]
}

func TestNewUsersAreWelcomed(t *testing.T) {
	w := startWelcoming(t)
	names := map[string]string{"zoe": "Зоя Ñandú", "bjork": "Björk Guðmundsdóttir", "yuki": "雪 🎲", "win": "WIN http://evil.example"}
	for local, name := range names {
		w.signUp(name, local)
	}
	for local, name := range names {
		m := w.arrive(local)
		greeting, _, _ := strings.Cut(m.Text, "\r\n")
		want := "Hello " + name + ","
		if local == "win" {
			want = "Hello,"
		}
		if greeting != want || !m.Encrypted || m.From != "store@gamestore.example" || !strings.HasPrefix(m.Header.Get("Message-Id"), "<welcome-") {
			t.Errorf("%s got %q, encrypted: %v, header %v", name, greeting, m.Encrypted, m.Header)
		}
	}

	worker := &client{t: t, base: w.known[w.index(welcomeWorker)].URL, http: &http.Client{}}
	t.Cleanup(worker.http.CloseIdleConnections)
	for path, status := range map[string]int{"/healthz": http.StatusOK, "/metrics": http.StatusOK, "/api/users": http.StatusNotFound} {
		worker.must(call{method: http.MethodGet, path: path}, status, nil)
	}

	t.Run("one who cannot be reached now is tried again, one who never can is set aside", w.refusals)
	t.Run("nobody is forgotten when the mail server is away and the worker is killed", w.outage)

	for _, secret := range []string{"@example.com", serviceToken, mailPassword, "Зоя"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the logs have %q", secret)
		}
	}
}

func (w *welcoming) refusals(t *testing.T) {
	refused := make(chan struct{}, 100)
	w.mails.Set(mailtest.Hooks{Rcpt: func(to string) error {
		switch {
		case to == "gone@example.com":
			return mailtest.Reply(550, "no such mailbox "+to)
		case to == "grey@example.com" && len(refused) < 2:
			refused <- struct{}{}
			return mailtest.Reply(451, "greylisted")
		}
		return nil
	}})
	w.signUp("Gone", "gone")
	w.signUp("Grey", "grey")
	w.signUp("Fine", "fine")
	w.arrive("fine")
	w.arrive("grey")
	dead, err := rabbit.NewDeadLetters(rabbit.Config{URL: w.broker}, "welcome")
	if err != nil {
		t.Fatal(err)
	}
	await(t, "a dead letter", func() bool {
		letters, err := dead.List(context.WithoutCancel(t.Context()), 10)
		return err == nil && len(letters) == 1 && letters[0].Queue == contractusers.QueueWelcome && letters[0].Reason == "notification-refused"
	})
	if got := len(w.to("gone")) + len(w.to("grey")) + len(w.to("fine")); got != 2 || len(refused) != 2 {
		t.Errorf("%d mails, %d refusals", got, len(refused))
	}
	w.mails.Set(mailtest.Hooks{})
}

func (w *welcoming) outage(t *testing.T) {
	addr := w.mails.Addr
	w.mails.Stop()
	late := []string{"late-1", "late-2", "late-3", "late-4", "late-5", "late-6"}
	for _, local := range late {
		w.signUp("Late", local)
	}
	await(t, "the worker holds", func() bool { return strings.Contains(w.log.String(), `"code":"mail-server-unavailable"`) })
	w.kill(welcomeWorker)
	w.openMail(w.t, addr)
	w.restart(welcomeWorker)
	for _, local := range late {
		w.arrive(local)
	}
}
