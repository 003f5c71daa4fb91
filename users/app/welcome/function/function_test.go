package function_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/event"
	"gamestore.example/users"
	"gamestore.example/users/adapter/argon2"
	"gamestore.example/users/app"
	"gamestore.example/users/app/welcome/function"
	"gamestore.example/users/userstest/mailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	serviceToken = "a token that the services of this test have"
	password     = "correct horse battery staple"
)

// token is serviceToken as a header can carry it.
func token() string { return strings.ReplaceAll(serviceToken, " ", "-") }

// golden is the contract's example of user.created, and its user's id.
func golden(t *testing.T) (body []byte, userID string) {
	t.Helper()
	body = contractusers.Golden(contractusers.KeyUserCreated)
	e, err := event.Unmarshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return body, e.Subject
}

// serveUsers runs a users service on the broker. The first account gets the golden id.
func serveUsers(t *testing.T, broker rabbit.Config, firstID string) users.Service {
	t.Helper()
	ids := make(chan string, 1)
	ids <- firstID
	cfg := app.Defaults()
	cfg.DSN, cfg.KeysDir, cfg.AdminEmail, cfg.ServiceTokens = "memory", filepath.Join(t.TempDir(), "keys"), "", token()
	cfg.Hash.Params = argon2.Params{Memory: 8, Time: 1, Threads: 1}
	a, err := app.New(t.Context(), cfg, app.Deps{Bus: memory.New(), NewID: func() string {
		select {
		case id := <-ids:
			return id
		default:
			return uuid.NewString()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := rabbit.New(broker)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, "users", a.RPC()) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, b.Close(), a.Close()); err != nil {
			t.Error(err)
		}
	})
	return a.Service()
}

// createdAnother returns the golden event of another user.
func createdAnother(t *testing.T, userID string) []byte {
	t.Helper()
	body, first := golden(t)
	e, err := event.Unmarshal([]byte(strings.ReplaceAll(string(body), first, userID)))
	if err != nil {
		t.Fatal(err)
	}
	e.ID = uuid.NewString()
	if body, err = event.Marshal(e); err != nil {
		t.Fatal(err)
	}
	return body
}

// payload is an invocation's, with messages of the welcome's queue.
func payload(t *testing.T, bodies ...[]byte) []byte {
	t.Helper()
	type object = map[string]any
	var messages []object
	for _, b := range bodies {
		messages = append(messages, object{
			"basicProperties": object{"contentType": event.ContentType, "headers": object{"traceparent": object{"bytes": []int{48}}}, "deliveryMode": 2, "messageId": "of the message"},
			"redelivered":     false, "data": base64.StdEncoding.EncodeToString(b),
		})
	}
	p, err := json.Marshal(object{
		"eventSource": "aws:rmq", "eventSourceArn": "arn:aws:mq:us-west-2:123456789012:broker:store:b-1",
		"rmqMessagesByQueue": object{rabbit.QueueName(contractusers.QueueWelcome) + "::/": messages},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheProgramUnderLambda(t *testing.T) {
	broker := rabbit.Config{URL: rabbittest.Start(t).URL}
	body, id := golden(t)
	service := serveUsers(t, broker, id)
	signUp := func(name, email string) string {
		u, err := service.SignUp(t.Context(), users.SignUp{Email: email, Password: password, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return u.ID
	}
	if got := signUp("Зоя Ñandú", "zoe@example.com"); got != id {
		t.Fatalf("the account has the id %s", got)
	}
	mails := mailtest.Start(t, mailtest.Options{})
	l := startLambda(t, "BUS_URL="+broker.URL, "WELCOME_SERVICE_TOKEN="+token(), "WELCOME_NOTIFIER=smtp",
		"WELCOME_SMTP_ADDR="+mails.Addr, "WELCOME_SMTP_SECURITY=none", "WELCOME_SMTP_FROM=Gamestore <store@gamestore.example>")

	// A new user is welcomed.
	if r := l.invoke(payload(t, body)); r.failed {
		t.Fatalf("the golden event: %s", r.body)
	}
	sent := mails.Mails()
	if len(sent) != 1 || sent[0].To[0] != "zoe@example.com" || sent[0].Decoded("To") != "Зоя Ñandú <zoe@example.com>" ||
		sent[0].Header.Get("Message-Id") != "<welcome-01995b2c-7f3a-7c11-9a53-0c6c2f1d8e01@gamestore.example>" || !strings.HasPrefix(sent[0].Text, "Hello Зоя Ñandú,") {
		t.Fatalf("sent %+v", sent)
	}

	// Poison does not stop the others, and is kept.
	bea := createdAnother(t, signUp("Bea", "bea@example.com"))
	if r := l.invoke(payload(t, []byte(`{"poison":true}`), bea, []byte("\xff"))); r.failed {
		t.Errorf("poison: %s", r.body)
	}
	if sent = mails.Mails(); len(sent) != 2 || sent[1].To[0] != "bea@example.com" {
		t.Errorf("sent %+v", sent)
	}
	dead, err := rabbit.NewDeadLetters(broker, "welcome")
	if err != nil {
		t.Fatal(err)
	}
	letters, err := dead.List(t.Context(), 10)
	if err != nil || len(letters) != 2 || letters[0].Queue != contractusers.QueueWelcome || letters[0].Reason != event.ErrMalformed.Code {
		t.Errorf("dead letters %+v, %v", letters, err)
	}

	// What is no event of RabbitMQ fails, and the function lives on.
	for _, garbage := range []string{"{", "[]", `"text"`, `{}`, `{"eventSource":"aws:sqs"}`} {
		if r := l.invoke([]byte(garbage)); !r.failed {
			t.Errorf("%s: %s", garbage, r.body)
		}
	}

	outage(t, l, mails, func(name string) []byte { return createdAnother(t, signUp(name, strings.ToLower(name)+"@example.com")) })

	// Who was deleted meanwhile is not welcomed.
	eve := signUp("Eve", "eve@example.com")
	deleteAccount(t, service, "eve@example.com")
	before := len(mails.Mails())
	if r := l.invoke(payload(t, createdAnother(t, eve))); r.failed || len(mails.Mails()) != before {
		t.Errorf("the deleted user: %+v, %d mails", r, len(mails.Mails()))
	}
}

// outage is a mail server that refuses one user for now, and then one that is away: the
// batch comes again, and who was welcomed is not welcomed twice.
func outage(t *testing.T, l *lambda, mails *mailtest.Server, created func(name string) []byte) {
	t.Helper()
	before := len(mails.Mails())
	cyd, dan := created("Cyd"), created("Dan")
	mails.Set(mailtest.Hooks{Rcpt: func(to string) error {
		if to == "dan@example.com" {
			return mailtest.Reply(451, "try again later")
		}
		return nil
	}})
	if r := l.invoke(payload(t, cyd, dan)); !r.failed || len(mails.Mails()) != before+1 {
		t.Errorf("deferred: %+v, %d mails", r, len(mails.Mails())-before)
	}
	mails.Stop()
	if r := l.invoke(payload(t, cyd, dan)); !r.failed {
		t.Errorf("no mail server: %+v", r)
	}
	again := mailtest.Start(t, mailtest.Options{Addr: mails.Addr})
	if r := l.invoke(payload(t, cyd, dan)); r.failed {
		t.Errorf("the mail server is back: %s", r.body)
	}
	if sent := again.Mails(); len(sent) != 1 || sent[0].To[0] != "dan@example.com" {
		t.Errorf("sent %+v", sent)
	}
	again.Stop()
}

func deleteAccount(t *testing.T, service users.Service, email string) {
	t.Helper()
	tokens, err := service.Login(t.Context(), users.Login{Email: email, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.DeleteAccount(auth.WithToken(t.Context(), tokens.Access.Value), users.DeleteAccount{}); err != nil {
		t.Fatal(err)
	}
}

func TestConfigurationsThatCannotWork(t *testing.T) {
	good := []string{"-bus.url", "amqp://user:secret@127.0.0.1:1/", "-welcome.service.token", token()}
	for name, args := range map[string][]string{
		"no broker":           {"-welcome.service.token", token()},
		"no token":            {"-bus.url", "amqp://user:secret@127.0.0.1:1/"},
		"an unknown notifier": append(good[:4:4], "-welcome.notifier", "pigeon"),
		"SMTP without sender": append(good[:4:4], "-welcome.notifier", "smtp"),
		"no broker's URL":     {"-bus.url", "http://user:secret@127.0.0.1", "-welcome.service.token", token()},
		"an unknown flag":     {"-welcome.pigeon", "1"},
	} {
		if err := function.Run(t.Context(), "welcome-lambda", args); err == nil || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
