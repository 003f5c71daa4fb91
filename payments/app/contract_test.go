package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/payments/app"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/contract"
	"gamestore.example/pkg/contract/contracttest"
	contractpayments "gamestore.example/pkg/contract/payments"
)

func contractMoney(amount int64) contract.Money {
	return contract.Money{Amount: amount, Currency: "BRL"}
}

// metricsOf reads the process's metrics.
func metricsOf(p *running) (int, string) {
	p.t.Helper()
	return get(p, "/metrics")
}

func get(p *running, path string) (int, string) {
	p.t.Helper()
	c := p.caller("")
	req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, p.url+path, nil)
	p.must(err)
	resp, err := c.client.Do(req)
	p.must(err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	p.must(err)
	return resp.StatusCode, string(text)
}

const webhookSecret = "a secret that the test knows"

// gap is between two look-ups of a payment by request: longer than the test takes.
const gap = time.Hour

// documented leaves unknown payments to requests: no worker looks them up.
func documented(dsn string) app.Config {
	cfg := quick(dsn)
	cfg.Core.Reconcile = never()
	cfg.Core.MinGap = gap
	cfg.WebhookSecret = webhookSecret
	return cfg
}

// TestEveryOperationIsAsDocumented drives each operation to each of its documented
// statuses but those that the gateway or a broken machine makes.
func TestEveryOperationIsAsDocumented(t *testing.T) {
	eachStore(t, func(t *testing.T, dsn string) {
		clock, gate := &clock{}, &gate{operation: lookups}
		p := startWith(t, documented(dsn), app.Deps{Now: clock.now, Tracer: gated{gate: gate}})
		c := p.caller(p.token("ana"))
		validator := contracttest.NewValidator(t, contractpayments.OpenAPI, c.client.Transport)
		c.client = validator.Client()
		drivePayments(p, c)
		driveReconcile(p, c, clock, gate)
		driveWebhooks(p, c, clock)
		validator.AssertAllDriven(t)
		for _, operation := range []string{"findPayment", "getPayment", "reconcilePayment", "receiveWebhook"} {
			elsewhere := []int{http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
			if operation != "reconcilePayment" {
				elsewhere = append(elsewhere, http.StatusTooManyRequests) // the gateway's
			}
			validator.AssertAllStatusesOf(t, operation, elsewhere...)
		}
	})
}

// on returns the caller with deliberately bad requests, and with another token.
func (c caller) bad() caller            { c.ctx = contracttest.BadRequest(c.ctx); return c }
func (c caller) as(token string) caller { c.token = token; return c }

func drivePayments(p *running, c caller) {
	p.purchased("p", "")
	id := p.wantEvent(contractpayments.KeyPaymentCompleted, "").PaymentID
	eve, root := p.token("eve"), p.token("root", auth.RoleAdmin)
	for _, path := range []string{"/api/payments/" + id, "/api/payments?purchase=p"} {
		for _, reader := range []caller{c, c.as(root)} {
			if got := reader.want(http.StatusOK, http.MethodGet, path, ""); got["id"] != id || got["status"] != "completed" {
				p.t.Errorf("%s answered %v", path, got)
			}
		}
		if got := c.as(eve).want(http.StatusNotFound, http.MethodGet, path, ""); got["code"] != "payment-not-found" {
			p.t.Errorf("somebody else's: %v", got)
		}
		c.bad().as("").want(http.StatusUnauthorized, http.MethodGet, path, "")
		c.as("a.b.c").want(http.StatusUnauthorized, http.MethodGet, path, "")
	}
	c.want(http.StatusNotFound, http.MethodGet, "/api/payments/nobody", "")
	c.want(http.StatusNotFound, http.MethodGet, "/api/payments?purchase=nobody", "")
	c.bad().want(http.StatusNotFound, http.MethodGet, "/api/payments/"+strings.Repeat("x", 65), "")
	c.bad().want(http.StatusNotFound, http.MethodGet, "/api/payments/%2e%2e", "")
	c.bad().want(http.StatusNotFound, http.MethodGet, "/api/payments/"+id+"/attempts", "")
	for _, query := range []string{"", "?purchase=", "?purchase=a&purchase=b", "?purchase=../x", "?purchase=" + strings.Repeat("x", 65)} {
		c.bad().want(http.StatusBadRequest, http.MethodGet, "/api/payments"+query, "")
	}
	c.bad().want(http.StatusMethodNotAllowed, http.MethodDelete, "/api/payments/"+id, "")
}

func driveWebhooks(p *running, c caller, clock *clock) {
	c.token = ""
	p.purchased("hooked", "")
	id := p.wantEvent(contractpayments.KeyPaymentCompleted, "").PaymentID
	headers, body, err := p.Simulated().Notify(p.t.Context(), id)
	p.must(err)
	signature := headers[simulated.SignatureHeader]
	const path = "/api/payments/webhooks/simulated"
	for range 2 { // it may come twice
		c.want(http.StatusNoContent, http.MethodPost, path, string(body), simulated.SignatureHeader, signature)
	}
	if got := c.want(http.StatusUnauthorized, http.MethodPost, path, string(body)); got["code"] != "invalid-signature" {
		p.t.Errorf("unsigned: %v", got)
	}
	tampered := strings.Replace(string(body), "1999", "1998", 1)
	c.want(http.StatusUnauthorized, http.MethodPost, path, tampered, simulated.SignatureHeader, signature)
	c.want(http.StatusNotFound, http.MethodPost, "/api/payments/webhooks/nobody", string(body), simulated.SignatureHeader, signature)
	c.bad().want(http.StatusUnauthorized, http.MethodPost, path, "{broken", simulated.SignatureHeader, signature)
	c.bad().want(http.StatusRequestEntityTooLarge, http.MethodPost, path, strings.Repeat("x", 10<<20), simulated.SignatureHeader, signature)
	c.bad().want(http.StatusUnauthorized, http.MethodPost, path, "")
	driveSignedNonsense(c.bad(), clock)
}

// driveSignedNonsense sends what only somebody with the secret can.
func driveSignedNonsense(bad caller, clock *clock) {
	send := func(status int, code, body string) {
		bad.t.Helper()
		signature := simulated.Sign([]byte(webhookSecret), clock.now(), []byte(body))
		got := bad.want(status, http.MethodPost, "/api/payments/webhooks/simulated", body, simulated.SignatureHeader, signature)
		if got["code"] != code {
			bad.t.Errorf("%s: %v", body, got)
		}
	}
	send(http.StatusBadRequest, "malformed-webhook", `{broken`)
	send(http.StatusBadRequest, "malformed-webhook", `[]`)
	send(http.StatusBadRequest, "malformed-webhook", `{"id":"e","type":"charge.captured","data":{"key":"../x"}}`)
	send(http.StatusNotFound, "payment-not-found", `{"id":"e","type":"charge.captured","data":{"key":"nobody"}}`)
	send(http.StatusRequestEntityTooLarge, "too-large", `{"id":"`+strings.Repeat("e", 70<<10)+`"}`)
}

func TestAWebhookResolvesAnUnknownPayment(t *testing.T) {
	eachStore(t, func(t *testing.T, dsn string) {
		cfg := quick(dsn)
		cfg.Core.Reconcile = never()
		p := start(t, cfg)
		p.purchased("p", simulated.ResetAfterCharge)
		var key string
		eventually(t, "the lost answer", func() bool {
			_, got := p.caller(p.token("ana")).do(http.MethodGet, "/api/payments?purchase=p", "")
			key, _ = got["id"].(string)
			return got["status"] == "unknown"
		})
		headers, body, err := p.Simulated().Notify(t.Context(), key)
		p.must(err)
		p.caller("").want(http.StatusNoContent, http.MethodPost, "/api/payments/webhooks/simulated", string(body),
			simulated.SignatureHeader, headers[simulated.SignatureHeader])
		p.wantEvent(contractpayments.KeyPaymentCompleted, "")
		if held, charges := p.held("p"); held != 1999 || charges != 1 {
			t.Errorf("charged %d times, the provider holds %d", charges, held)
		}
	})
}

func TestWhatAProcessServesBesides(t *testing.T) {
	p := start(t, quick(sqliteDSN(t)))
	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": "ready", "/metrics": "gamestore_payments_total", "/openapi.json": "Gamestore payments", "/docs": "reconcile",
	} {
		if status, text := get(p, path); status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s: %d without %q", path, status, want)
		}
	}
	if status, _ := get(p, "/api/elsewhere"); status != http.StatusNotFound {
		t.Errorf("an unknown path: %d", status)
	}
}
