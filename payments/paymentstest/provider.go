package paymentstest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/payments"
	"gamestore.example/pkg/errs"
)

// ProviderHarness is a provider with what a test needs besides its port.
type ProviderHarness struct {
	Provider payments.Provider
	// Approved and Declined are payment methods; DeclineReason is Declined's reason.
	Approved, Declined, DeclineReason string
	// Charges returns how often money was taken under a key.
	Charges func(t *testing.T, key string) int
	// Held returns how much the provider holds under a key.
	Held func(t *testing.T, key string) int64
	// Webhook returns a signed webhook about the charge with the key: headers in any
	// case, and the body. Nil if the provider cannot be made to send one.
	Webhook func(t *testing.T, key string) (map[string]string, []byte)
	// Advance moves the provider's clock. Nil if it cannot be moved.
	Advance func(d time.Duration)
}

// RunProvider checks what every payments.Provider promises.
func RunProvider(t *testing.T, newHarness func(t *testing.T) ProviderHarness) {
	for name, test := range map[string]func(*testing.T, ProviderHarness){
		"TheNameIsAWord":                        providerName,
		"AnApprovedChargeTakesTheMoneyOnce":     approvedCharge,
		"ADeclinedChargeIsDefinite":             declinedCharge,
		"TwentyChargesWithOneKeyAreOne":         chargeKeyRace,
		"AKeyBelongsToOneCharge":                chargeKeyReused,
		"AnUnknownKeyIsNotFound":                unknownKey,
		"ARefundGivesTheMoneyBackOnce":          refundOnce,
		"TwentyRefundsWithOneKeyAreOne":         refundKeyRace,
		"NeverMoreThanWasCapturedGoesBack":      refundTooMuch,
		"ARefundOfNothingIsRefused":             refundNothing,
		"ACallerThatGaveUpHearsNothingDefinite": gaveUp,
		"AWebhookIsReadIfItsSignatureIsRight":   webhookSignature,
	} {
		t.Run(name, func(t *testing.T) { test(t, newHarness(t)) })
	}
}

func chargeRequest(key, method string) payments.ChargeRequest {
	return payments.ChargeRequest{Key: key, Reference: "pur-" + key, Amount: BRL(1999), Method: method}
}

func (h ProviderHarness) charge(t *testing.T, key string) payments.Charge {
	t.Helper()
	c, err := h.Provider.Charge(t.Context(), chargeRequest(key, h.Approved))
	if err != nil || c.Status != payments.ChargeCaptured || c.Amount != BRL(1999) || c.Reference == "" {
		t.Fatalf("charge: %+v, %v", c, err)
	}
	return c
}

func (h ProviderHarness) wants(t *testing.T, key string, charges int, held int64) {
	t.Helper()
	if got := h.Charges(t, key); got != charges {
		t.Errorf("charged %d times, want %d", got, charges)
	}
	if got := h.Held(t, key); got != held {
		t.Errorf("the provider holds %d, want %d", got, held)
	}
}

func providerName(t *testing.T, h ProviderHarness) {
	if !regexp.MustCompile(`^[a-z][a-z0-9-]*$`).MatchString(h.Provider.Name()) {
		t.Errorf("name %q", h.Provider.Name())
	}
}

func approvedCharge(t *testing.T, h ProviderHarness) {
	first := h.charge(t, "k1")
	if d := cmp.Diff(first, h.charge(t, "k1")); d != "" {
		t.Errorf("the same key got another answer:\n%s", d)
	}
	found, err := h.Provider.Lookup(t.Context(), "k1")
	if d := cmp.Diff(first, found); err != nil || d != "" {
		t.Errorf("look-up: %v\n%s", err, d)
	}
	h.wants(t, "k1", 1, 1999)
}

func declinedCharge(t *testing.T, h ProviderHarness) {
	for range 2 {
		_, err := h.Provider.Charge(t.Context(), chargeRequest("k1", h.Declined))
		var declined *payments.DeclinedError
		if !errors.As(err, &declined) || declined.Reason != h.DeclineReason {
			t.Errorf("got %v, want declined: %s", err, h.DeclineReason)
		}
	}
	c, err := h.Provider.Lookup(t.Context(), "k1")
	if err != nil || c.Status != payments.ChargeDeclined || c.Reason != h.DeclineReason {
		t.Errorf("look-up: %+v, %v", c, err)
	}
	h.wants(t, "k1", 0, 0)
}

func chargeKeyRace(t *testing.T, h ProviderHarness) {
	race(t, func(int) error {
		c, err := h.Provider.Charge(t.Context(), chargeRequest("k1", h.Approved))
		if err != nil || c.Status != payments.ChargeCaptured {
			return fmt.Errorf("%+v, %w", c, err)
		}
		return nil
	})
	h.wants(t, "k1", 1, 1999)
}

func chargeKeyReused(t *testing.T, h ProviderHarness) {
	h.charge(t, "k1")
	other := chargeRequest("k1", h.Approved)
	other.Amount = BRL(5)
	c, err := h.Provider.Charge(t.Context(), other)
	var declined *payments.DeclinedError
	if err == nil || errors.As(err, &declined) || errors.Is(err, payments.ErrNotCharged) {
		t.Errorf("another charge with the key: %+v, %v", c, err)
	}
	h.wants(t, "k1", 1, 1999)
}

func unknownKey(t *testing.T, h ProviderHarness) {
	if c, err := h.Provider.Lookup(t.Context(), "never"); !errors.Is(err, payments.ErrUnknownKey) {
		t.Errorf("got %+v, %v", c, err)
	}
}

func refundRequest(key string, charge payments.Charge, amount int64) payments.RefundRequest {
	return payments.RefundRequest{Key: key, ChargeKey: "k1", ChargeReference: charge.Reference, Amount: BRL(amount)}
}

func refundOnce(t *testing.T, h ProviderHarness) {
	c := h.charge(t, "k1")
	for range 2 {
		r, err := h.Provider.Refund(t.Context(), refundRequest("r1", c, 1999))
		if err != nil || r.Amount != BRL(1999) || r.Reference == "" {
			t.Errorf("refund: %+v, %v", r, err)
		}
	}
	h.wants(t, "k1", 1, 0)
}

func refundKeyRace(t *testing.T, h ProviderHarness) {
	c := h.charge(t, "k1")
	race(t, func(int) error {
		_, err := h.Provider.Refund(t.Context(), refundRequest("r1", c, 1000))
		return err
	})
	h.wants(t, "k1", 1, 999)
}

func refundTooMuch(t *testing.T, h ProviderHarness) {
	c := h.charge(t, "k1")
	var mu sync.Mutex
	refused := 0
	race(t, func(n int) error {
		_, err := h.Provider.Refund(t.Context(), refundRequest(fmt.Sprintf("r%d", n), c, 1000))
		var declined *payments.DeclinedError
		if errors.As(err, &declined) {
			mu.Lock()
			defer mu.Unlock()
			refused++
			return nil
		}
		return err
	})
	if refused != workers-1 {
		t.Errorf("%d of %d refunds of more than half were refused", refused, workers)
	}
	h.wants(t, "k1", 1, 999)
}

func refundNothing(t *testing.T, h ProviderHarness) {
	_, err := h.Provider.Refund(t.Context(), refundRequest("r1", payments.Charge{Reference: "no such charge"}, 1))
	var declined *payments.DeclinedError
	if !errors.As(err, &declined) {
		t.Errorf("got %v", err)
	}
}

func gaveUp(t *testing.T, h ProviderHarness) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Provider.Charge(ctx, chargeRequest("k1", h.Approved))
	var declined *payments.DeclinedError
	if err == nil || errors.As(err, &declined) {
		t.Errorf("charge: %v", err)
	}
	if errors.Is(err, payments.ErrNotCharged) && h.Charges(t, "k1") != 0 {
		t.Error("the provider says that it was not reached, and charged")
	}
	if _, err := h.Provider.Lookup(ctx, "k1"); err == nil || errors.Is(err, payments.ErrUnknownKey) {
		t.Errorf("look-up: %v", err)
	}
}

func webhookSignature(t *testing.T, h ProviderHarness) {
	if h.Webhook == nil {
		t.Skip("this provider cannot be made to send webhooks")
	}
	h.charge(t, "k1")
	sent, body := h.Webhook(t, "k1")
	headers := map[string]string{}
	for name, value := range sent {
		headers[strings.ToLower(name)] = value
	}
	e, err := h.Provider.ParseWebhook(headers, body)
	if err != nil || e.Kind != payments.WebhookCaptured || e.Key != "k1" || e.Amount != BRL(1999) || e.ID == "" {
		t.Errorf("got %+v, %v", e, err)
	}
	tampered := append([]byte(nil), body...)
	tampered[len(tampered)/2]++
	for name, try := range map[string]func() error{
		"a changed body": func() error { _, err := h.Provider.ParseWebhook(headers, tampered); return err },
		"no headers":     func() error { _, err := h.Provider.ParseWebhook(nil, body); return err },
		"no body":        func() error { _, err := h.Provider.ParseWebhook(headers, nil); return err },
	} {
		if err := try(); !errors.Is(err, payments.ErrInvalidSignature) || errs.ClassOf(err) != errs.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	if h.Advance != nil {
		h.Advance(10 * time.Minute)
		if _, err := h.Provider.ParseWebhook(headers, body); !errors.Is(err, payments.ErrInvalidSignature) {
			t.Errorf("ten minutes later: %v", err)
		}
	}
}
