package simulated_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"gamestore.example/payments"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/payments/paymentstest"
)

func TestSignature(t *testing.T) {
	clock := paymentstest.NewClock()
	p := newProvider(t, simulated.Config{}, simulated.NewMemoryLedger(), clock.Now)
	body := []byte(`{"id":"e1","type":"charge.captured","data":{"key":"k1","amount":{"amount":1,"currency":"BRL"}},"new":true}`)
	good := simulated.Sign([]byte(secret), clock.Now(), body)
	other := simulated.Sign([]byte("another secret of somebody"), clock.Now(), body)
	for name, tc := range map[string]struct {
		header string
		want   error
	}{
		"right":                     {good, nil},
		"right, after another":      {other + "," + good[len("t=1773500966,"):], nil},
		"another secret":            {other, payments.ErrInvalidSignature},
		"none":                      {"", payments.ErrInvalidSignature},
		"no time":                   {good[len("t=1773500966,"):], payments.ErrInvalidSignature},
		"not hex":                   {good[:20] + "zz", payments.ErrInvalidSignature},
		"cut short":                 {good[:len(good)-2], payments.ErrInvalidSignature},
		"five minutes old":          {simulated.Sign([]byte(secret), clock.Now().Add(-299*time.Second), body), nil},
		"older":                     {simulated.Sign([]byte(secret), clock.Now().Add(-302*time.Second), body), payments.ErrInvalidSignature},
		"from the future":           {simulated.Sign([]byte(secret), clock.Now().Add(302*time.Second), body), payments.ErrInvalidSignature},
		"a time beyond all reason":  {"t=99999999999999999999,v1=00", payments.ErrInvalidSignature},
		"a time at the very border": {"t=-9223372036854775808,v1=00", payments.ErrInvalidSignature},
	} {
		_, err := p.ParseWebhook(map[string]string{"x-simulated-signature": tc.header}, body)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func TestWebhookKinds(t *testing.T) {
	clock := paymentstest.NewClock()
	p := newProvider(t, simulated.Config{}, simulated.NewMemoryLedger(), clock.Now)
	parse := func(body string) (payments.WebhookEvent, error) {
		return p.ParseWebhook(map[string]string{"x-simulated-signature": simulated.Sign([]byte(secret), clock.Now(), []byte(body))}, []byte(body))
	}
	for body, want := range map[string]payments.WebhookKind{
		`{"id":"e","type":"charge.captured","data":{"key":"k"}}`:  payments.WebhookCaptured,
		`{"id":"e","type":"charge.declined","data":{"key":"k"}}`:  payments.WebhookDeclined,
		`{"id":"e","type":"refund.succeeded","data":{"key":"k"}}`: payments.WebhookRefunded,
		`{"id":"e","type":"refund.refused","data":{"key":"k"}}`:   payments.WebhookRefused,
		`{"id":"e","type":"dispute.opened"}`:                      payments.WebhookOther,
	} {
		if e, err := parse(body); err != nil || e.Kind != want {
			t.Errorf("%s: %+v, %v", body, e, err)
		}
	}
	for _, body := range []string{``, `{`, `[]`, `{}`, `{"type":"charge.captured","data":{"key":"k"}}`, `{"id":"e","type":"charge.captured"}`} {
		if e, err := parse(body); !errors.Is(err, payments.ErrMalformedWebhook) {
			t.Errorf("%q: %+v, %v", body, e, err)
		}
	}
}

func TestNotifyTellsWhatHappened(t *testing.T) {
	clock := paymentstest.NewClock()
	p := newProvider(t, simulated.Config{}, simulated.NewMemoryLedger(), clock.Now)
	kind := func(key string) payments.WebhookKind {
		headers, body := notify(t, p, key)
		e, err := p.ParseWebhook(map[string]string{"x-simulated-signature": headers[simulated.SignatureHeader]}, body)
		if err != nil || !json.Valid(body) {
			t.Errorf("%s: %v", body, err)
		}
		return e.Kind
	}
	_, _ = p.Charge(t.Context(), request(simulated.Declined))
	if got := kind("k1"); got != payments.WebhookDeclined {
		t.Errorf("declined: %s", got)
	}
	r := request("")
	r.Key = "k2"
	_, _ = p.Charge(t.Context(), r)
	if got := kind("k2"); got != payments.WebhookCaptured {
		t.Errorf("captured: %s", got)
	}
	_, _ = p.Refund(t.Context(), payments.RefundRequest{Key: "r2", ChargeKey: "k2", Amount: r.Amount})
	if got := kind("k2"); got != payments.WebhookRefunded {
		t.Errorf("refunded: %s", got)
	}
}

func FuzzParseWebhook(f *testing.F) {
	p, err := simulated.NewProvider(simulated.Config{Secret: []byte(secret)}, simulated.NewMemoryLedger(), time.Now, paymentstest.IDs("id"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("t=1,v1=00", []byte(`{"id":"e","type":"charge.captured","data":{"key":"k"}}`))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if _, err := p.ParseWebhook(map[string]string{"x-simulated-signature": header}, body); !errors.Is(err, payments.ErrInvalidSignature) {
			t.Errorf("unsigned: %v", err)
		}
		signed := map[string]string{"x-simulated-signature": simulated.Sign([]byte(secret), time.Now(), body)}
		if _, err := p.ParseWebhook(signed, body); err != nil && !errors.Is(err, payments.ErrMalformedWebhook) {
			t.Errorf("signed: %v", err)
		}
	})
}
