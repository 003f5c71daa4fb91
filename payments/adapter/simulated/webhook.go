package simulated

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gamestore.example/payments"
	"gamestore.example/pkg/money"
)

// SignatureHeader carries "t=<Unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<raw body>">".
// There may be several v1, so that secrets can be changed.
const SignatureHeader = "X-Simulated-Signature"

// SignatureWindow is how far a webhook's time may be from ours, in both directions.
const SignatureWindow = 300 * time.Second

// webhook is the body of a webhook.
type webhook struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	CreatedAt time.Time `json:"createdAt"`
	Data      struct {
		Key       string `json:"key"`
		RefundKey string `json:"refundKey,omitempty"`
		Reference string `json:"reference,omitempty"`
		Amount    struct {
			Amount   int64  `json:"amount"`
			Currency string `json:"currency"`
		} `json:"amount"`
		Reason string `json:"reason,omitempty"`
	} `json:"data"`
}

// The types of webhooks.
const (
	typeCaptured = "charge.captured"
	typeDeclined = "charge.declined"
	typeRefunded = "refund.succeeded"
	typeRefused  = "refund.refused"
)

// ParseWebhook implements payments.Provider.
func (p *Provider) ParseWebhook(headers map[string]string, body []byte) (payments.WebhookEvent, error) {
	if !verify(p.cfg.Secret, headers[strings.ToLower(SignatureHeader)], body, p.now()) {
		return payments.WebhookEvent{}, payments.ErrInvalidSignature
	}
	var w webhook
	if err := json.Unmarshal(body, &w); err != nil {
		return payments.WebhookEvent{}, payments.ErrMalformedWebhook.WithCause(err)
	}
	e := payments.WebhookEvent{
		ID: w.ID, Key: w.Data.Key, RefundKey: w.Data.RefundKey, Reference: w.Data.Reference, Reason: w.Data.Reason,
		Amount: money.Money{Amount: w.Data.Amount.Amount, Currency: w.Data.Amount.Currency},
	}
	switch w.Type {
	case typeCaptured:
		e.Kind = payments.WebhookCaptured
	case typeDeclined:
		e.Kind = payments.WebhookDeclined
	case typeRefunded:
		e.Kind = payments.WebhookRefunded
	case typeRefused:
		e.Kind = payments.WebhookRefused
	case "":
		return payments.WebhookEvent{}, payments.ErrMalformedWebhook
	default:
		e.Kind = payments.WebhookOther
	}
	if e.Kind != payments.WebhookOther && (e.ID == "" || e.Key == "") {
		return payments.WebhookEvent{}, payments.ErrMalformedWebhook
	}
	return e, nil
}

// Notify returns the webhook that tells what became of a charge: the headers and the
// body to post to /api/payments/webhooks/simulated. Each call makes another event.
// payments.ErrUnknownKey if the charge has not happened.
func (p *Provider) Notify(ctx context.Context, key string) (headers map[string]string, body []byte, err error) {
	e, known, err := p.ledger.Get(ctx, key)
	if err == nil && known && e.ripe(p.now()) {
		e, err = p.ripen(ctx, key)
	}
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("simulated webhook: %w", err)
	case !known || e.Status == payments.ChargeProcessing:
		return nil, nil, payments.ErrUnknownKey
	}
	w := webhook{ID: p.newID(), Type: typeCaptured, CreatedAt: p.now().UTC()}
	w.Data.Key, w.Data.Reference = e.Key, e.charge().Reference
	w.Data.Amount.Amount, w.Data.Amount.Currency = e.Amount.Amount, e.Amount.Currency
	switch {
	case e.Status == payments.ChargeDeclined:
		w.Type, w.Data.Reason = typeDeclined, e.Reason
	case len(e.Refunds) > 0:
		w.Type, w.Data.RefundKey = typeRefunded, e.Refunds[len(e.Refunds)-1].Key
	}
	if body, err = json.Marshal(w); err != nil {
		return nil, nil, fmt.Errorf("simulated webhook: %w", err)
	}
	return map[string]string{SignatureHeader: Sign(p.cfg.Secret, p.now(), body)}, body, nil
}

// Sign returns the value of SignatureHeader for a body sent at a time.
func Sign(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac(secret, t, body))
}

func mac(secret []byte, t string, body []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(t + "."))
	m.Write(body)
	return m.Sum(nil)
}

// verify checks a signature in constant time, and its age.
func verify(secret []byte, header string, body []byte, now time.Time) bool {
	var t string
	var signatures [][]byte
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			t = value
		case "v1":
			if s, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, s)
			}
		}
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > SignatureWindow {
		return false
	}
	want := mac(secret, t, body)
	valid := false
	for _, s := range signatures {
		valid = hmac.Equal(s, want) || valid
	}
	return valid
}
