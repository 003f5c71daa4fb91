package contract_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gamestore.example/payments"
	paymentsapp "gamestore.example/payments/app"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/test/flow"
)

// TestEveryOperation drives each operation of the gateway to each of its documented
// statuses but those that a limit or a broken machine makes.
func TestEveryOperation(t *testing.T) {
	for _, gateway := range []string{flow.ThroughGateway, flow.ThroughGatewayHTTP} {
		t.Run(gateway, func(t *testing.T) { everyOperation(t, flow.Options{}, gateway) })
	}
}

// TestEveryOperationOverAMQP does the same where the gateway has nothing but a broker.
func TestEveryOperationOverAMQP(t *testing.T) {
	everyOperation(t, flow.Options{Bus: flow.Rabbit, Broker: rabbittest.Start(t).URL}, flow.ThroughGatewayAMQP)
}

func everyOperation(t *testing.T, o flow.Options, gateway string) {
	o.Payments = func(c *paymentsapp.Config) {
		// An unknown payment waits for a request, and none is unknown because the machine
		// is slow. What hangs at the end is given up.
		c.Core.Reconcile = payments.Backoff{First: time.Hour, Cap: time.Hour}
		c.Timeout, c.Core.Lease, c.Core.Grace = time.Minute, 2*time.Minute, 0
	}
	s := newStore(t, o, gateway)
	s.accounts()
	s.sessions()
	s.profile()
	s.catalogue()
	s.purchases()
	s.refunds()
	s.lists()
	s.payments()
	s.edges()

	s.validator.AssertAllDriven(t)
	for _, op := range operations(t, s.document) {
		s.validator.AssertAllStatusesOf(t, op.id, op.elsewhere()...)
	}
}

const passphrase = "correct horse battery staple"

func (s *store) accounts() {
	account := `{"email": "Ana@Example.com", "password": "` + passphrase + `", "name": "Ana"}`
	a := s.want(http.StatusCreated, http.MethodPost, "/api/users", account)
	if a.header.Get("Location") != "/api/users/me" || a.str("email") != "ana@example.com" {
		s.t.Errorf("signed up as %s, %v", a.text, a.header)
	}
	s.want(http.StatusConflict, http.MethodPost, "/api/users", account)
	s.bad().want(http.StatusBadRequest, http.MethodPost, "/api/users", `{"email": "Ana"}`)
	s.garbage(http.MethodPost, "/api/users")
}

func (s *store) sessions() {
	login := `{"email": "ana@example.com", "password": "` + passphrase + `"}`
	tokens := s.want(http.StatusOK, http.MethodPost, "/api/auth/login", login)
	s.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/login", strings.Replace(login, "horse", "mule", 1))
	next := s.want(http.StatusOK, http.MethodPost, "/api/auth/refresh", `{"refreshToken": "`+tokens.str("refreshToken")+`"}`)
	s.want(http.StatusNoContent, http.MethodPost, "/api/auth/logout", `{"refreshToken": "`+next.str("refreshToken")+`"}`)
	s.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/refresh", `{"refreshToken": "`+next.str("refreshToken")+`"}`)
	for _, path := range []string{"/api/auth/login", "/api/auth/refresh", "/api/auth/logout"} {
		s.garbage(http.MethodPost, path)
	}
	keys := s.want(http.StatusOK, http.MethodGet, "/.well-known/jwks.json", "")
	s.want(http.StatusNotModified, http.MethodGet, "/.well-known/jwks.json", "", "If-None-Match", keys.header.Get("ETag"))
}

func (s *store) profile() {
	ana := s.as(s.join("Ana"))
	ana.want(http.StatusOK, http.MethodGet, "/api/users/me", "")
	ana.want(http.StatusOK, http.MethodPatch, "/api/users/me", `{"name": "Ana Lima"}`)
	ana.want(http.StatusOK, http.MethodGet, "/api/users/me/history?limit=1", "")
	ana.bad().want(http.StatusBadRequest, http.MethodGet, "/api/users/me/history?limit=0", "")
	ana.want(http.StatusForbidden, http.MethodPost, "/api/users/me/password", `{"currentPassword": "not this one", "newPassword": "an even better one"}`)
	ana.want(http.StatusNoContent, http.MethodPost, "/api/users/me/password", `{"currentPassword": "`+passphrase+`", "newPassword": "an even better one"}`)
	s.caller.as(ana.token).garbage(http.MethodPatch, "/api/users/me")
	s.caller.as(ana.token).garbage(http.MethodPost, "/api/users/me/password")
	ana.want(http.StatusNoContent, http.MethodDelete, "/api/users/me", "")
	ana.want(http.StatusUnauthorized, http.MethodDelete, "/api/users/me", "")
}

const newGame = `{"name": "Whist", "description": "Four at a table", "category": "cards", "price": {"amount": 500, "currency": "BRL"}, "releasedAt": "2026-01-01T00:00:00Z"}`

func (s *store) catalogue() {
	admin := s.as(s.admin)
	game := admin.want(http.StatusCreated, http.MethodPost, "/api/games", newGame)
	path := game.header.Get("Location")
	s.caller.as(s.admin).garbage(http.MethodPost, "/api/games")
	s.want(http.StatusOK, http.MethodGet, path, "")
	s.want(http.StatusNotFound, http.MethodGet, "/api/games/nobody", "")
	flow.Eventually(s.t, "the new game is found", func() bool {
		a := s.do(http.MethodGet, "/api/games?q=whits&category=cards&sort=relevance&limit=1", "")
		items, _ := a.body["items"].([]any)
		return len(items) == 1
	})
	s.bad().want(http.StatusBadRequest, http.MethodGet, "/api/games?sort=colour", "")
	s.want(http.StatusOK, http.MethodGet, "/api/categories", "")

	admin.bad().want(http.StatusPreconditionRequired, http.MethodPut, path, newGame)
	admin.want(http.StatusPreconditionFailed, http.MethodPut, path, newGame, "If-Match", `"9"`)
	admin.want(http.StatusOK, http.MethodPut, path, newGame, "If-Match", game.header.Get("ETag"))
	admin.want(http.StatusNotFound, http.MethodPut, "/api/games/nobody", newGame, "If-Match", `"1"`)
	s.caller.as(s.admin).garbage(http.MethodPut, path, "If-Match", `"1"`)
	admin.want(http.StatusPreconditionFailed, http.MethodDelete, path, "", "If-Match", `"1"`)
	admin.bad().want(http.StatusBadRequest, http.MethodDelete, path, "", "If-Match", `1`)
	admin.want(http.StatusNoContent, http.MethodDelete, path, "", "If-Match", `"2"`)
	admin.want(http.StatusNotFound, http.MethodDelete, path, "")
}

// buy buys a new game over HTTP and returns the path of the purchase.
func (s *store) buy(c caller, method string) string {
	s.t.Helper()
	game := flow.NewGame(s.t, s.driver)
	a := c.want(http.StatusAccepted, http.MethodPost, "/api/games/"+game.ID+"/purchase", `{"paymentMethod": "`+method+`"}`)
	if a.header.Get("Retry-After") == "" || a.header.Get("Location") != "/api/purchases/"+a.str("id") {
		s.t.Errorf("accepted with %v", a.header)
	}
	return a.header.Get("Location")
}

// await waits until the purchase has the status.
func (s *store) await(c caller, purchase, status string) answer {
	s.t.Helper()
	var a answer
	flow.Eventually(s.t, purchase+" is "+status, func() bool {
		a = c.want(http.StatusOK, http.MethodGet, purchase, "")
		return a.str("status") == status
	})
	return a
}

func (s *store) purchases() {
	ana, bob := s.as(s.join("Ana")), s.as(s.join("Bob"))
	game := flow.NewGame(s.t, s.driver)
	path := "/api/games/" + game.ID + "/purchase"
	body := `{"paymentMethod": "tok_timeout", "expectedPrice": {"amount": 1999, "currency": "BRL"}}`
	purchase := ana.want(http.StatusAccepted, http.MethodPost, path, body, "Idempotency-Key", "k").header.Get("Location")
	again := ana.want(http.StatusAccepted, http.MethodPost, path, body, "Idempotency-Key", "k")
	if again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("Location") != purchase {
		s.t.Errorf("replayed with %v", again.header)
	}
	ana.want(http.StatusUnprocessableEntity, http.MethodPost, path, `{}`, "Idempotency-Key", "k")
	ana.want(http.StatusConflict, http.MethodPost, path, "")
	ana.want(http.StatusNotFound, http.MethodPost, "/api/games/nobody/purchase", "")
	s.caller.as(ana.token).garbage(http.MethodPost, path)

	a := ana.want(http.StatusOK, http.MethodGet, purchase+"?wait=0&status=pending", "")
	ana.want(http.StatusNotModified, http.MethodGet, purchase, "", "If-None-Match", a.header.Get("ETag"))
	ana.bad().want(http.StatusBadRequest, http.MethodGet, purchase+"?wait=99", "")
	bob.want(http.StatusNotFound, http.MethodGet, purchase, "")
	bob.want(http.StatusNotFound, http.MethodGet, purchase+"/events", "")
	bob.want(http.StatusNotFound, http.MethodPost, purchase+"/cancel", "")

	ana.want(http.StatusOK, http.MethodPost, purchase+"/cancel", "", "Idempotency-Key", "k")
	ana.want(http.StatusUnprocessableEntity, http.MethodPost, s.buy(ana, flow.CardApproved)+"/cancel", "", "Idempotency-Key", "k")
	s.caller.as(ana.token).garbage(http.MethodPost, purchase+"/cancel")
	if a := ana.want(http.StatusOK, http.MethodGet, purchase+"/events", ""); !strings.Contains(a.text, `"status":"cancelled"`) {
		s.t.Errorf("the stream told %s", a.text)
	}
}

func (s *store) refunds() {
	ana := s.as(s.join("Ana"))
	first, second := s.buy(ana, flow.CardApproved), s.buy(ana, flow.CardApproved)
	if a := ana.want(http.StatusOK, http.MethodGet, first+"/events", ""); !strings.Contains(a.text, `"status":"completed"`) {
		s.t.Errorf("the stream ended with %s", a.text)
	}
	s.await(ana, second, "completed")
	ana.want(http.StatusConflict, http.MethodPost, first+"/cancel", "")
	ana.want(http.StatusAccepted, http.MethodPost, first+"/refund", "", "Idempotency-Key", "k")
	ana.want(http.StatusUnprocessableEntity, http.MethodPost, second+"/refund", "", "Idempotency-Key", "k")
	ana.want(http.StatusNotFound, http.MethodPost, "/api/purchases/nobody/refund", "")
	s.caller.as(ana.token).garbage(http.MethodPost, second+"/refund")
	failed := s.buy(ana, flow.CardDeclined)
	s.await(ana, failed, "failed")
	ana.want(http.StatusConflict, http.MethodPost, failed+"/refund", "")
	s.await(ana, first, "refunded")
}

func (s *store) lists() {
	ana := s.as(s.join("Ana"))
	for range 2 {
		s.await(ana, s.buy(ana, flow.CardApproved), "completed")
	}
	for _, path := range []string{"/api/me/purchases", "/api/me/library"} {
		page := ana.want(http.StatusOK, http.MethodGet, path+"?limit=1", "")
		ana.want(http.StatusOK, http.MethodGet, path+"?limit=1&cursor="+page.str("nextCursor"), "")
		ana.bad().want(http.StatusBadRequest, http.MethodGet, path+"?limit=x", "")
		ana.want(http.StatusBadRequest, http.MethodGet, path+"?cursor=forged", "")
	}
	ana.want(http.StatusOK, http.MethodGet, "/api/me/recommendations?limit=5", "")
	ana.bad().want(http.StatusBadRequest, http.MethodGet, "/api/me/recommendations?limit=51", "")
}

func (s *store) payments() {
	ana, bob, admin := s.as(s.join("Ana")), s.as(s.join("Bob")), s.as(s.admin)
	purchase := strings.TrimPrefix(s.buy(ana, flow.CardResetAfterCharge), "/api/purchases/")
	var payment answer
	flow.Eventually(s.t, "the payment is unknown", func() bool {
		payment = ana.do(http.MethodGet, "/api/payments?purchase="+purchase, "")
		return payment.str("status") == "unknown"
	})
	path := "/api/payments/" + payment.str("id")
	ana.want(http.StatusOK, http.MethodGet, path, "")
	bob.want(http.StatusNotFound, http.MethodGet, path, "")
	bob.want(http.StatusNotFound, http.MethodGet, "/api/payments?purchase="+purchase, "")
	ana.bad().want(http.StatusBadRequest, http.MethodGet, "/api/payments?purchase=../x", "")
	admin.want(http.StatusNotFound, http.MethodPost, "/api/payments/nobody/reconcile", "")
	flow.Eventually(s.t, "a look-up finds the charge", func() bool {
		return admin.do(http.MethodPost, path+"/reconcile", "").str("status") == "completed"
	})
	s.webhooks(payment.str("id"))
}

func (s *store) webhooks(paymentID string) {
	const path = "/api/payments/webhooks/simulated"
	headers, body, err := s.Provider().Notify(s.t.Context(), paymentID)
	if err != nil {
		s.t.Fatal(err)
	}
	var signed []string
	for name, value := range headers {
		signed = append(signed, name, value)
	}
	s.want(http.StatusNoContent, http.MethodPost, path, string(body), signed...)
	s.want(http.StatusUnauthorized, http.MethodPost, path, strings.Replace(string(body), "1999", "1", 1), signed...)
	s.want(http.StatusNotFound, http.MethodPost, "/api/payments/webhooks/nobody", string(body), signed...)
}

// garbage sends what no operation with a body takes.
func (c caller) garbage(method, path string, headers ...string) {
	c.t.Helper()
	bad := c.bad()
	for _, body := range []string{
		`{"broken`, `{"unknown": 1}`, `[1, 2]`, `"text"`, `null`, `{"name": -1, "email": {}, "refreshToken": [], "expectedPrice": 1e99}`,
		strings.Repeat("[", 10_000), "{\"name\": \"\xff\"}", `{} trailing`,
	} {
		bad.want(http.StatusBadRequest, method, path, body, headers...)
	}
	bad.want(http.StatusUnsupportedMediaType, method, path, "name=Ana", append(headers, "Content-Type", "application/x-www-form-urlencoded")...)
	bad.want(http.StatusRequestEntityTooLarge, method, path, `{"name": "`+strings.Repeat("a", 10<<20)+`"}`, headers...)
}
