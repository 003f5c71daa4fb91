package app_test

import (
	"net/http"
	"strings"
	"testing"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/contract/contracttest"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
)

// drivers are the callers that drive the document, by who they are.
type drivers struct {
	*running
	admin, user, other, nobody caller
	bad                        func(caller) caller
}

// TestEveryOperationIsAsDocumented drives each operation to each of its documented
// statuses but those that the gateway or a broken machine makes.
func TestEveryOperationIsAsDocumented(t *testing.T) {
	for name, cfg := range stores(t) {
		t.Run(name, func(t *testing.T) {
			p := start(t, cfg)
			p.seed()
			validator := contracttest.NewValidator(t, contractgames.OpenAPI, p.caller("").client.Transport)
			as := func(userID string, roles ...string) caller {
				c := p.caller(userID, roles...)
				c.client = validator.Client()
				return c
			}
			d := drivers{running: p, admin: as("root", auth.RoleAdmin), user: as("ana"), other: as("bob"), nobody: as("")}
			d.bad = func(c caller) caller { c.ctx = contracttest.BadRequest(t.Context()); return c }

			d.catalogue()
			d.edits()
			d.purchase()
			d.refunds()
			d.lists()

			validator.AssertAllDriven(t)
			for _, operation := range []string{
				"searchGames", "createGame", "getGame", "updateGame", "deleteGame", "listCategories", "purchaseGame", "getPurchase",
				"streamPurchase", "cancelPurchase", "refundPurchase", "listPurchases", "getLibrary", "getRecommendations",
			} {
				validator.AssertAllStatusesOf(t, operation, http.StatusTooManyRequests,
					http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout)
			}
		})
	}
}

// garbage sends what no operation with a body takes.
func (d drivers) garbage(c caller, method, path string, headers ...string) {
	c = d.bad(c)
	for _, body := range []string{
		`{"broken`, `{"unknown": 1}`, `[1, 2]`, `"text"`, `null`, `{"name": -1, "expectedPrice": 1e99}`, strings.Repeat("[", 10_000),
		"{\"name\": \"\xff\"}", `{} trailing`,
	} {
		c.want(http.StatusBadRequest, method, path, body, headers...)
	}
	c.want(http.StatusRequestEntityTooLarge, method, path, `{"name": "`+strings.Repeat("a", 10<<20)+`"}`, headers...)
	c.want(http.StatusUnsupportedMediaType, method, path, "name=Go", append(headers, "Content-Type", "application/x-www-form-urlencoded")...)
}

const newGame = `{"name": "Whist", "description": "Four at a table", "category": "cards", "price": {"amount": 500, "currency": "BRL"}, "releasedAt": "2026-01-01T00:00:00+01:00"}`

func (d drivers) catalogue() {
	a := d.nobody.want(http.StatusOK, http.MethodGet, "/api/games?q=twoer&category=puzzle&sort=relevance&limit=1", "")
	if items := a.list("items"); len(items) != 1 {
		d.t.Errorf("search with a typo found %s", a.text)
	}
	page := d.nobody.want(http.StatusOK, http.MethodGet, "/api/games?limit=2", "")
	d.nobody.want(http.StatusOK, http.MethodGet, "/api/games?limit=2&cursor="+page.str("nextCursor"), "")
	d.bad(d.nobody).want(http.StatusBadRequest, http.MethodGet, "/api/games?limit=0", "")
	d.nobody.want(http.StatusBadRequest, http.MethodGet, "/api/games?cursor=forged", "")
	if a := d.nobody.want(http.StatusOK, http.MethodGet, "/api/categories", ""); len(a.list("items")) != 2 {
		d.t.Errorf("categories %s", a.text)
	}
	if a := d.nobody.want(http.StatusOK, http.MethodGet, "/api/games/owls", ""); a.str("name") != "Tower of Owls" || a.header.Get("ETag") != `"1"` {
		d.t.Errorf("game %s, ETag %s", a.text, a.header.Get("ETag"))
	}
	d.nobody.want(http.StatusNotFound, http.MethodGet, "/api/games/nobody", "")
}

func (d drivers) edits() {
	d.garbage(d.admin, http.MethodPost, "/api/games")
	created := d.admin.want(http.StatusCreated, http.MethodPost, "/api/games", newGame)
	path := created.header.Get("Location")
	if path != "/api/games/"+created.str("id") || created.str("releasedAt") != "2025-12-31T23:00:00Z" {
		d.t.Errorf("created %s at %s", created.text, path)
	}
	d.nobody.want(http.StatusOK, http.MethodGet, path, "")
	for status, c := range map[int]caller{http.StatusUnauthorized: d.bad(d.nobody), http.StatusForbidden: d.user} {
		c.want(status, http.MethodPost, "/api/games", newGame)
		c.want(status, http.MethodPut, path, newGame, "If-Match", `"1"`)
		c.want(status, http.MethodDelete, path, "")
	}
	d.garbage(d.admin, http.MethodPut, path, "If-Match", `"1"`)
	d.admin.want(http.StatusPreconditionRequired, http.MethodPut, path, newGame)
	d.admin.want(http.StatusPreconditionFailed, http.MethodPut, path, newGame, "If-Match", `"2"`)
	if a := d.admin.want(http.StatusOK, http.MethodPut, path, strings.Replace(newGame, "Whist", "Bridge", 1), "If-Match", `"1"`); a.header.Get("ETag") != `"2"` {
		d.t.Errorf("edited %s, ETag %s", a.text, a.header.Get("ETag"))
	}
	d.admin.want(http.StatusNotFound, http.MethodPut, "/api/games/nobody", newGame, "If-Match", `"1"`)
	d.admin.want(http.StatusPreconditionFailed, http.MethodDelete, path, "", "If-Match", `"1"`)
	d.admin.want(http.StatusBadRequest, http.MethodDelete, path, "", "If-Match", "2")
	d.admin.want(http.StatusNoContent, http.MethodDelete, path, "", "If-Match", `"2"`)
	d.admin.want(http.StatusNotFound, http.MethodDelete, path, "")
}

func (d drivers) purchase() {
	path := "/api/games/chess/purchase"
	d.garbage(d.user, http.MethodPost, path)
	d.bad(d.nobody).want(http.StatusUnauthorized, http.MethodPost, path, "")
	d.user.want(http.StatusNotFound, http.MethodPost, "/api/games/nobody/purchase", "")
	d.user.want(http.StatusConflict, http.MethodPost, "/api/games/soon/purchase", "")
	body := `{"paymentMethod": "tok_approved", "expectedPrice": {"amount": 1999, "currency": "BRL"}}`
	if a := d.user.want(http.StatusConflict, http.MethodPost, path, strings.Replace(body, "1999", "1", 1)); a.str("code") != "price-changed" || a.body["price"] == nil {
		d.t.Errorf("another price: %s", a.text)
	}
	first := d.user.want(http.StatusAccepted, http.MethodPost, path, body, "Idempotency-Key", "k")
	purchase := first.header.Get("Location")
	if again := d.user.want(http.StatusAccepted, http.MethodPost, path, body, "Idempotency-Key", "k"); again.text != first.text || again.header.Get("Idempotency-Replayed") != "true" {
		d.t.Errorf("replayed %s %v", again.text, again.header)
	}
	d.user.want(http.StatusUnprocessableEntity, http.MethodPost, path, "", "Idempotency-Key", "k")
	if a := d.user.want(http.StatusConflict, http.MethodPost, path, ""); a.str("code") != "already-pending" || a.str("purchase") != purchase {
		d.t.Errorf("twice: %s", a.text)
	}
	a := d.user.want(http.StatusOK, http.MethodGet, purchase, "")
	d.user.want(http.StatusNotModified, http.MethodGet, purchase, "", "If-None-Match", a.header.Get("ETag"))
	d.user.want(http.StatusOK, http.MethodGet, purchase+"?wait=0&status=pending", "")
	d.bad(d.user).want(http.StatusBadRequest, http.MethodGet, purchase+"?wait=99", "")
	d.other.want(http.StatusNotFound, http.MethodGet, purchase, "")
	d.other.want(http.StatusNotFound, http.MethodGet, purchase+"/events", "")
	d.bad(d.nobody).want(http.StatusUnauthorized, http.MethodGet, purchase, "")
	d.bad(d.nobody).want(http.StatusUnauthorized, http.MethodGet, purchase+"/events", "")

	d.garbage(d.user, http.MethodPost, purchase+"/cancel")
	d.bad(d.nobody).want(http.StatusUnauthorized, http.MethodPost, purchase+"/cancel", "")
	d.other.want(http.StatusNotFound, http.MethodPost, purchase+"/cancel", "")
	d.user.want(http.StatusOK, http.MethodPost, purchase+"/cancel", "", "Idempotency-Key", "k")
	d.user.want(http.StatusOK, http.MethodPost, purchase+"/cancel", "{}", "Idempotency-Key", "k")
	if a := d.user.want(http.StatusOK, http.MethodGet, purchase+"/events", ""); !strings.Contains(a.text, `"status":"cancelled"`) {
		d.t.Errorf("stream %s", a.text)
	}
}

func (d drivers) refunds() {
	id := d.user.buy("chess")
	purchase := "/api/purchases/" + id
	d.user.want(http.StatusConflict, http.MethodPost, purchase+"/refund", "")
	d.payment(contractpayments.KeyPaymentCompleted, id, price, "")
	d.user.becomes(id, "pending", "completed")
	d.user.want(http.StatusConflict, http.MethodPost, purchase+"/cancel", "")
	d.user.want(http.StatusUnprocessableEntity, http.MethodPost, purchase+"/cancel", "", "Idempotency-Key", "k")

	d.garbage(d.user, http.MethodPost, purchase+"/refund")
	d.bad(d.nobody).want(http.StatusUnauthorized, http.MethodPost, purchase+"/refund", "")
	d.other.want(http.StatusNotFound, http.MethodPost, purchase+"/refund", "")
	d.user.want(http.StatusAccepted, http.MethodPost, purchase+"/refund", "", "Idempotency-Key", "k")
	free := "/api/purchases/" + d.user.buy("freecell")
	d.user.want(http.StatusUnprocessableEntity, http.MethodPost, free+"/refund", "", "Idempotency-Key", "k")
}

func (d drivers) lists() {
	for _, path := range []string{"/api/me/purchases", "/api/me/library", "/api/me/recommendations"} {
		if a := d.user.want(http.StatusOK, http.MethodGet, path+"?limit=50", ""); len(a.list("items")) == 0 {
			d.t.Errorf("%s: %s", path, a.text)
		}
		if a := d.other.want(http.StatusOK, http.MethodGet, path, ""); a.body["items"] == nil {
			d.t.Errorf("%s of a newcomer: %s", path, a.text)
		}
		d.bad(d.user).want(http.StatusBadRequest, http.MethodGet, path+"?limit=many", "")
		d.bad(d.nobody).want(http.StatusUnauthorized, http.MethodGet, path, "")
	}
}
