package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gamestore.example/games"
	"gamestore.example/games/transport/httpapi"
	"gamestore.example/pkg/auth"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/errs"
)

// TestWhoMayDoWhat is the matrix of everybody over every route. The purchase is Ana's.
func TestWhoMayDoWhat(t *testing.T) {
	p := start(t, stores(t)["memory"])
	p.seed()
	ana := p.caller("ana")
	id := ana.buy("owls")
	p.payment(contractpayments.KeyPaymentCompleted, id, price, "")
	ana.becomes(id, "pending", "completed")
	purchase := "/api/purchases/" + id

	const ok, no, forbidden, absent = http.StatusOK, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound
	everybody := []caller{p.caller(""), p.caller("bob"), p.caller("root", auth.RoleAdmin), ana}
	for _, row := range []struct {
		method, path, body string
		want               [4]int // nobody, another user, an administrator, Ana
	}{
		{"GET", "/api/games", "", [4]int{ok, ok, ok, ok}},
		{"GET", "/api/games/owls", "", [4]int{ok, ok, ok, ok}},
		{"GET", "/api/categories", "", [4]int{ok, ok, ok, ok}},
		{"POST", "/api/games", newGame, [4]int{no, forbidden, http.StatusCreated, forbidden}},
		{"PUT", "/api/games/go", newGame, [4]int{no, forbidden, http.StatusPreconditionRequired, forbidden}},
		{"DELETE", "/api/games/go", "", [4]int{no, forbidden, http.StatusNoContent, forbidden}},
		{"POST", "/api/games/chess/purchase", "", [4]int{no, http.StatusAccepted, http.StatusAccepted, http.StatusAccepted}},
		{"GET", purchase, "", [4]int{no, absent, absent, ok}},
		{"GET", purchase + "?wait=0&status=pending", "", [4]int{no, absent, absent, ok}},
		{"GET", purchase + "/events", "", [4]int{no, absent, absent, ok}},
		{"POST", purchase + "/cancel", "", [4]int{no, absent, absent, http.StatusConflict}},
		{"POST", purchase + "/refund", "", [4]int{no, absent, absent, http.StatusAccepted}},
		{"GET", "/api/me/purchases", "", [4]int{no, ok, ok, ok}},
		{"GET", "/api/me/library", "", [4]int{no, ok, ok, ok}},
		{"GET", "/api/me/recommendations", "", [4]int{no, ok, ok, ok}},
	} {
		for i, c := range everybody {
			c.want(row.want[i], row.method, row.path, row.body)
		}
	}
	for _, c := range everybody[:3] {
		if a := c.do(http.MethodGet, "/api/me/purchases", ""); strings.Contains(a.text, id) {
			t.Errorf("somebody else sees Ana's purchase: %s", a.text)
		}
	}
}

// TestNobodySaysWhoTheyAre: the user comes from the token alone.
func TestNobodySaysWhoTheyAre(t *testing.T) {
	p := start(t, stores(t)["memory"])
	p.seed()
	forged := []string{"X-User-Id", "bob", "X-User", "bob", "X_User_Id", "bob", "X-Internal-User", "bob", "X-User-Roles", "admin", "X-Forwarded-User", "bob"}
	p.caller("").want(http.StatusUnauthorized, http.MethodGet, "/api/me/purchases", "", forged...)
	ana, bob := p.caller("ana"), p.caller("bob")
	ana.want(http.StatusForbidden, http.MethodPost, "/api/games", newGame, forged...)
	id := ana.want(http.StatusAccepted, http.MethodPost, "/api/games/owls/purchase?userId=bob", "", forged...).str("id")
	ana.want(http.StatusBadRequest, http.MethodPost, "/api/games/owls/purchase", `{"userId": "bob"}`)
	ana.want(http.StatusBadRequest, http.MethodPost, "/api/games/owls/purchase", `{"price": {"amount": 1, "currency": "BRL"}}`)
	bob.want(http.StatusNotFound, http.MethodGet, "/api/purchases/"+id, "")

	mallory := ana
	for _, token := range []string{"x", ana.token + "x", ana.token[:len(ana.token)-4] + "AAAA", strings.Repeat("a", 20_000)} {
		mallory.token = token
		if a := mallory.do(http.MethodGet, "/api/me/purchases", ""); a.status != http.StatusUnauthorized && a.status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("token %.20s…: status %d", token, a.status)
		}
	}
}

func TestTheLogHasNoToken(t *testing.T) {
	p := start(t, stores(t)["sqlite and bleve"])
	p.seed()
	c := p.caller("ana")
	c.want(http.StatusAccepted, http.MethodPost, "/api/games/owls/purchase", `{"paymentMethod": "tok_canary"}`, "Idempotency-Key", "canary-key")
	c.want(http.StatusBadRequest, http.MethodPost, "/api/games/owls/purchase", `{"canary-field": 1}`)
	c.want(http.StatusOK, http.MethodGet, "/api/games?q=canary%0d%0alevel%3dERROR", "")
	text := p.log.String()
	for _, canary := range []string{c.token, "tok_canary", "canary-key"} {
		if strings.Contains(text, canary) {
			t.Errorf("the log has %q", canary)
		}
	}
	if !strings.Contains(text, `"operation":"games.PurchaseGame"`) || !strings.Contains(text, `"request_id"`) {
		t.Errorf("the log lacks what it should have: %s", text)
	}
}

func TestHugeAndStrangeInputs(t *testing.T) {
	p := start(t, stores(t)["sqlite and bleve"])
	p.seed()
	c, admin := p.caller("ana"), p.caller("root", auth.RoleAdmin)
	for _, q := range []string{
		strings.Repeat("a ", 100), strings.Repeat("ü", 200), `"unbalanced`, "*", "~", "a~9999", "name:chess", "(", "\\", "+-&&||!(){}[]^\"~*?:\\/", "\x00", "🦉",
		"%", "_", "'; DROP TABLE games; --",
	} {
		c.want(http.StatusOK, http.MethodGet, "/api/games?q="+url.QueryEscape(q), "")
	}
	c.want(http.StatusBadRequest, http.MethodGet, "/api/games?q="+url.QueryEscape("\xff\xfe"), "")
	c.want(http.StatusBadRequest, http.MethodGet, "/api/games?q="+strings.Repeat("a", 201), "")
	for _, path := range []string{"/api/games/'", "/api/games/%00", "/api/games/" + strings.Repeat("a", 65), "/api/purchases/-1%27", "/api/nowhere", "/"} {
		c.want(http.StatusNotFound, http.MethodGet, path, "")
	}
	c.want(http.StatusMethodNotAllowed, http.MethodPatch, "/api/games/owls", "{}")
	for _, price := range []string{`{"amount": -1, "currency": "BRL"}`, `{"amount": 9007199254740992, "currency": "BRL"}`, `{"amount": 1, "currency": "brl"}`, `{"amount": "1", "currency": "BRL"}`, `{"amount": 1e400, "currency": "BRL"}`, `5`, `null`} {
		admin.want(http.StatusBadRequest, http.MethodPost, "/api/games", fmt.Sprintf(`{"name": "X", "category": "x", "price": %s, "releasedAt": "2026-01-01T00:00:00Z"}`, price))
	}
	for _, at := range []string{`"yesterday"`, `"0000-01-01T00:00:00Z"`, `"9999-12-31T23:59:59-23:59"`, `1`} {
		admin.want(http.StatusBadRequest, http.MethodPost, "/api/games", fmt.Sprintf(`{"name": "X", "category": "x", "price": {"amount": 1, "currency": "BRL"}, "releasedAt": %s}`, at))
	}
}

// TestAClientIsAService runs one story through the endpoints and over HTTP.
func TestAClientIsAService(t *testing.T) {
	for name, service := range map[string]func(*testing.T, *running) games.Service{
		"in process": func(_ *testing.T, p *running) games.Service { return p.Service() },
		"over HTTP": func(t *testing.T, p *running) games.Service {
			base, err := url.Parse(p.url)
			p.ok(err)
			client := &http.Client{Transport: &http.Transport{}}
			t.Cleanup(client.CloseIdleConnections)
			set, err := httpapi.NewClient(base, client)
			p.ok(err)
			return set
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, stores(t)["memory"])
			p.seed()
			useService(t, p, service(t, p))
		})
	}
	if _, err := httpapi.NewClient(&url.URL{Path: "/x"}, nil); err == nil {
		t.Error("a client of no host")
	}
}

func code(err error) errs.Code { return errs.CodeOf(err) }
