// Package payments is the contract of the payments service.
package payments

import (
	"time"

	"gamestore.example/pkg/contract"
)

// Source is the CloudEvents source of this producer.
const Source = "/payments"

// Version is the major version of every event below; changes inside it only add.
const Version = "v1"

// Routing keys.
const (
	KeyPaymentCompleted    = "payment.completed"
	KeyPaymentFailed       = "payment.failed"
	KeyPaymentRefunded     = "payment.refunded"
	KeyPaymentRefundFailed = "payment.refund_failed"
)

// PaymentChanged is the payload of the payment.* events.
type PaymentChanged struct {
	PaymentID  string         `json:"paymentId"`
	PurchaseID string         `json:"purchaseId"`
	Amount     contract.Money `json:"amount"`
	// Reason is set on payment.failed and payment.refund_failed: a stable word
	// such as "card_declined", "insufficient_funds" or "cancelled".
	Reason string `json:"reason,omitempty"`
	// RefundRequest is set on payment.refund_failed: the sequence of the
	// purchase.refund_requested that it answers, where that had one.
	RefundRequest int64     `json:"refundRequest,omitempty"`
	At            time.Time `json:"at"`
}
