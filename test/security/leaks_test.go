package security_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the driver

	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/pkg/bus"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/rpc"
)

// TestSecurity10 breaks every service's database under its feet.
func TestSecurity10(t *testing.T) {
	h := open(t, setup{})
	s := h.scene()
	for _, name := range []string{"users", "games", "payments"} {
		h.ruin(name)
	}
	paths := map[string]string{"users": "/api/users/me", "games": "/api/purchases/" + s.purchase, "payments": "/api/payments/" + s.payment}
	for service, path := range paths {
		for _, door := range []string{"near", "far", service} {
			a := h.at(door).as(s.ana).want(http.StatusInternalServerError, http.MethodGet, path, "")
			if h.generic(a.text); a.str("traceId") == "" || a.str("traceId") != a.header.Get("X-Request-Id") {
				t.Errorf("%s at %s: traceId %q, request id %q", service, door, a.str("traceId"), a.header.Get("X-Request-Id"))
			}
			if !strings.Contains(h.log.String(), `"request_id":"`+a.str("traceId")+`"`) {
				t.Errorf("the log does not know %s", a.str("traceId"))
			}
		}
	}
	h.at("near").want(http.StatusInternalServerError, http.MethodPost, "/api/users", account("bob@example.com"))
	for operation, body := range map[string]string{
		contractusers.OpProfile: `{}`, contractgames.OpGetPurchase: `{"purchaseId": "` + s.purchase + `"}`, contractpayments.OpGetPayment: `{"paymentId": "` + s.payment + `"}`,
	} {
		service, _, _ := strings.Cut(operation, ".")
		a := h.rpc[service].Serve(t.Context(), rpc.Request{
			Operation: operation, Body: []byte(body), Headers: map[string]string{rpc.HeaderAuthorization: "Bearer " + s.ana},
		})
		if h.generic(string(a.Body)); a.Status != http.StatusInternalServerError {
			t.Errorf("%s: %d %s", operation, a.Status, a.Body)
		}
	}
	if !strings.Contains(h.log.String(), "no such table") {
		t.Error("the log does not say what is wrong")
	}
}

// ruin drops all tables of a service's store while it works.
func (h *house) ruin(name string) {
	h.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(h.dir, name+".db")+"?_pragma=busy_timeout(60000)&_pragma=foreign_keys(0)")
	h.must(err)
	defer db.Close()
	for {
		var table string
		h.must(db.QueryRowContext(h.t.Context(), `SELECT coalesce(max(name), '') FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`).Scan(&table))
		if table == "" {
			return
		}
		_, err := db.ExecContext(h.t.Context(), `DROP TABLE "`+table+`"`)
		h.must(err)
	}
}

// generic fails if an answer tells what is inside.
func (h *house) generic(text string) {
	h.t.Helper()
	for _, inside := range []string{"table", "SQL", "sqlite", ".db", h.dir, ".go:", "goroutine"} {
		if strings.Contains(text, inside) {
			h.t.Errorf("the answer tells of %q: %s", inside, text)
		}
	}
}

// canaries are secrets to look for where they must not be.
type canaries struct{ password, wrong, email, name, card, method, query string }

// TestSecurity11 sings in every place where somebody may put a secret, and then looks for
// the songs in logs, spans, metrics, events and dead letters.
func TestSecurity11(t *testing.T) {
	h := open(t, setup{})
	events := h.tap()
	c := canaries{
		password: "canary-password-7f3a", wrong: "canary-wrong-91bc", email: "canary-mail-55d2@example.com", name: "Canary Name 28ee",
		card: "4111111111111111", method: "tok_canary_c0de", query: "canary-query-4242",
	}
	tokens := h.sing(c)
	secrets := append(tokens, c.password, c.wrong, c.email, c.name, c.card, c.method, c.query, webhookSecret, passphrase, "poison-canary-d00d")
	metrics := h.at("users").want(http.StatusOK, http.MethodGet, "/metrics", "").text
	letters, err := h.bus.List(t.Context(), 100)
	h.must(err)
	if len(letters) == 0 {
		t.Fatal("there is no dead letter")
	}
	var dead, bodies strings.Builder
	for _, l := range letters {
		fmt.Fprintln(&dead, l.Message.Headers, l.Reason, l.Queue, l.Message.Key)
	}
	for _, m := range events() {
		fmt.Fprintln(&bodies, m.Headers)
		// What to charge with goes to payments, and is a token that only the provider understands.
		fmt.Fprintln(&bodies, strings.ReplaceAll(string(m.Body), c.method, ""))
	}
	if bodies.Len() == 0 {
		t.Fatal("there was no event")
	}
	if !strings.Contains(h.log.String(), contractusers.OpLogin) || !strings.Contains(h.spans.said.String(), contractusers.OpLogin) || !strings.Contains(metrics, contractusers.OpLogin) {
		t.Fatal("nothing was heard of a login")
	}
	for place, text := range map[string]string{
		"the log": h.log.String(), "a span": h.spans.said.String(), "the metrics": metrics, "a dead letter's header": dead.String(), "an event": bodies.String(),
	} {
		for _, secret := range secrets {
			if place == "an event" && secret == "poison-canary-d00d" {
				continue // it was sent as an event
			}
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s has %q in …%s", place, secret, text[max(0, i-200):min(len(text), i+80)])
			}
		}
	}
	h.oneRecordEach()
}

// sing uses the store with secrets in every place, and returns the tokens it was given.
func (h *house) sing(c canaries) []string {
	near := h.at("near")
	near.want(http.StatusCreated, http.MethodPost, "/api/users", `{"email": "`+c.email+`", "password": "`+c.password+`", "name": "`+c.name+`"}`)
	login := near.want(http.StatusOK, http.MethodPost, "/api/auth/login", credentials(c.email, c.password))
	near.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/login", credentials(c.email, c.wrong))
	near.want(http.StatusConflict, http.MethodPost, "/api/users", `{"email": "`+c.email+`", "password": "`+c.password+`", "name": "`+c.name+`"}`)
	for _, broken := range []string{`{"password": "` + c.password, `{"` + c.password + `": 1}`, `{"email": 1, "password": ["` + c.password + `"]}`, c.password} {
		near.want(http.StatusBadRequest, http.MethodPost, "/api/users", broken)
	}
	access, refresh := login.str("accessToken"), login.str("refreshToken")
	next := near.want(http.StatusOK, http.MethodPost, "/api/auth/refresh", `{"refreshToken": "`+refresh+`"}`)
	near.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/refresh", `{"refreshToken": "`+refresh+`"}`)
	admin, _ := near.login(adminEmail)
	me := near.as(access)
	me.want(http.StatusForbidden, http.MethodPost, "/api/users/me/password", `{"currentPassword": "`+c.wrong+`", "newPassword": "`+c.password+`1"}`)
	me.want(http.StatusNoContent, http.MethodPost, "/api/users/me/password", `{"currentPassword": "`+c.password+`", "newPassword": "`+c.password+`1"}`)
	forged := access[:len(access)-6] + "AAAAAA"
	for _, door := range []string{"near", "far", "users", "games", "payments"} {
		at := h.at(door)
		at.as(forged).do(http.MethodGet, "/api/users/me", "")
		at.as(access).do(http.MethodGet, "/api/me/purchases?token="+c.query, "")
		at.do(http.MethodGet, "/api/games/"+c.query, "", "Cookie", "session="+c.query)
		at.do(http.MethodGet, "/"+c.query+"/%0d%0a"+c.query, "")
	}
	game := near.sell(admin)
	me.want(http.StatusBadRequest, http.MethodPost, "/api/games/"+game+"/purchase", `{"paymentMethod": "`+c.card+`"}`)
	purchase := me.want(http.StatusAccepted, http.MethodPost, "/api/games/"+game+"/purchase", `{"paymentMethod": "`+c.method+`"}`, "Idempotency-Key", c.query).str("id")
	eventually(h.t, "the purchase ends", func() bool { return me.do(http.MethodGet, "/api/purchases/"+purchase, "").str("status") != "pending" })
	near.want(http.StatusUnauthorized, http.MethodPost, "/api/payments/webhooks/simulated", `{"card": "`+c.card+`"}`, simulated.SignatureHeader, "t=1,v1="+c.query)
	for key := range map[string]bool{contractgames.KeyGamePurchased: true, contractpayments.KeyPaymentCompleted: true, contractgames.KeyPurchaseCompleted: true} {
		for _, body := range []string{`poison-canary-d00d`, `{"email": "poison-canary-d00d"`, `{"specversion": "1.0", "id": "x", "type": "poison-canary-d00d"}`} {
			for _, err := range h.bus.Publish(h.t.Context(), bus.Message{ID: uuid.NewString(), Key: key, ContentType: "application/cloudevents+json", Body: []byte(body)}) {
				h.must(err)
			}
		}
	}
	eventually(h.t, "the poison is set aside", func() bool {
		letters, err := h.bus.List(h.t.Context(), 100)
		return err == nil && len(letters) >= 9
	})
	return []string{access, refresh, next.str("accessToken"), next.str("refreshToken"), admin, forged}
}

// tap has a queue for all events, and returns what came so far.
func (h *house) tap() func() []bus.Message {
	var (
		mu   sync.Mutex
		came []bus.Message
	)
	q := bus.Queue{Name: "security.all", Keys: []string{"#"}}
	h.must(h.bus.Declare(h.t.Context(), q))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- h.bus.Consume(ctx, q, func(_ context.Context, m bus.Message) error {
			mu.Lock()
			defer mu.Unlock()
			came = append(came, m)
			return nil
		})
	}()
	h.end = append(h.end, func() error { stop(); return <-done })
	return func() []bus.Message {
		mu.Lock()
		defer mu.Unlock()
		return append([]bus.Message(nil), came...)
	}
}

// oneRecordEach tries to forge a line of the log, and wants every line to be a record that
// the store wrote.
func (h *house) oneRecordEach() {
	h.t.Helper()
	forged := "x\r\n{\"level\":\"ERROR\",\"msg\":\"forged\"}"
	door := h.at("users")
	door.do(http.MethodPost, "/api/auth/login", credentials(`a\r\n{\"msg\":\"forged\"}@example.com`, "a wrong password"))
	door.do(http.MethodGet, "/api/games/%0d%0a%7B%22msg%22:%22forged%22%7D", "")
	h.at("near").do(http.MethodGet, "/api/games?q=%0d%0a%7B%22msg%22:%22forged%22%7D", "")
	for service, mux := range h.rpc {
		mux.Serve(h.t.Context(), rpc.Request{Operation: service + ".\n" + forged, Headers: map[string]string{
			rpc.HeaderRequestID: forged, rpc.HeaderAuthorization: "Bearer " + forged, "traceparent": forged,
		}, Body: []byte(`{}`)})
	}
	for line := range strings.Lines(h.log.String()) {
		var record struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Msg == "forged" {
			h.t.Errorf("a line of the log is no record of the store: %.200s", line)
		}
	}
}

// TestSecurity13 is a payment provider's messages.
func TestSecurity13(t *testing.T) {
	h := open(t, setup{})
	s := h.scene()
	hook := func(door, signature, body string) answer {
		return h.at(door).do(http.MethodPost, "/api/payments/webhooks/simulated", body, simulated.SignatureHeader, signature)
	}
	secret := []byte(webhookSecret)
	sign := func(body string, at time.Time) string { return simulated.Sign(secret, at, []byte(body)) }
	now := h.clock.now()
	body := `{"id": "event-1", "type": "charge.captured", "data": {"key": "` + s.payment + `", "amount": {"amount": 500, "currency": "BRL"}}}`
	good := sign(body, now)
	for name, tc := range map[string]struct{ signature, body string }{
		"no signature":            {"", body},
		"another secret":          {simulated.Sign([]byte("another secret of the same length!!"), now, []byte(body)), body},
		"another body":            {good, strings.Replace(body, "500", "501", 1)},
		"a blank more":            {good, body + " "},
		"six minutes old":         {sign(body, now.Add(-simulated.SignatureWindow-time.Minute)), body},
		"from the future":         {sign(body, now.Add(simulated.SignatureWindow+time.Minute)), body},
		"an old one's time moved": {fmt.Sprintf("t=%d,%s", now.Unix(), sign(body, now.Add(-time.Hour))[len("t=1234567890,"):]), body},
		"no time":                 {good[strings.Index(good, "v1="):], body},
		"a half signature":        {good[:len(good)-32], body},
		"base64":                  {"t=1,v1=" + base64.StdEncoding.EncodeToString([]byte(body)), body},
		"nothing signed":          {sign("", now), body},
	} {
		for _, door := range []string{"near", "far", "payments"} {
			if a := hook(door, tc.signature, tc.body); a.status != http.StatusUnauthorized || a.str("code") != "invalid-signature" {
				t.Errorf("%s at %s: %d %s", name, door, a.status, a.text)
			}
		}
	}
	events := h.tap()
	said := func() int { return len(events()) }
	for range 3 { // the same event again and again
		if a := hook("near", good, body); a.status != http.StatusNoContent {
			t.Errorf("a good one: %d %s", a.status, a.text)
		}
	}
	payment := h.at("near").as(s.ana).want(http.StatusOK, http.MethodGet, "/api/payments/"+s.payment, "")
	if payment.str("status") != "completed" {
		t.Errorf("the payment is %s", payment.text)
	}
	if n := said(); n != 0 {
		t.Errorf("what was known already made %d events", n)
	}
}
