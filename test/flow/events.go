package flow

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/contract"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/money"
)

// Craft returns the message of an event that no service has published. Each has an
// id of its own.
func (w *World) Craft(t testing.TB, source, key, version, subject string, payload any) bus.Message {
	t.Helper()
	data, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	e := event.Event{
		ID: uuid.Must(uuid.NewV7()).String(), Source: source, Type: event.Type(key, version), Subject: subject,
		Time: w.Clock.Now().UTC(), Data: data,
	}
	body, err := event.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return bus.Message{ID: e.ID, Key: key, ContentType: event.ContentType, Body: body}
}

// Said is what a payments service would say of a purchase.
func (w *World) Said(t testing.TB, key, purchaseID, paymentID string, amount money.Money, reason string) bus.Message {
	t.Helper()
	return w.Craft(t, contractpayments.Source, key, contractpayments.Version, purchaseID, contractpayments.PaymentChanged{
		PaymentID: paymentID, PurchaseID: purchaseID, Amount: contract.Money(amount), Reason: reason, At: w.Clock.Now().UTC(),
	})
}

// Asked is what a games service would say of a purchase that waits for its payment.
func (w *World) Asked(t testing.TB, e contractgames.GamePurchased) bus.Message {
	t.Helper()
	return w.Craft(t, contractgames.Source, contractgames.KeyGamePurchased, contractgames.Version, e.PurchaseID, e)
}

// Inject publishes messages as somebody else would, and wants them confirmed.
func (w *World) Inject(t testing.TB, msgs ...bus.Message) {
	t.Helper()
	for i, err := range w.Wire.Inject(t.Context(), msgs...) {
		if err != nil {
			t.Fatalf("inject %s: %v", msgs[i].Key, err)
		}
	}
}
