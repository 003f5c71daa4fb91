package payments

// RPC is the queue of requests to the service. The property type of a request is one
// of the operations below; its body holds what is in path, query and body over HTTP, and
// the answer's is the same as there. A queue's arguments cannot change, so its name has a
// version.
const RPC = "gamestore.rpc.payments.v2"

// The operations of RPC.
const (
	OpGetPayment    = "payments.GetPayment"    // PaymentRequest → Payment
	OpFindPayment   = "payments.FindPayment"   // FindPaymentRequest → Payment
	OpReconcile     = "payments.Reconcile"     // PaymentRequest → Payment
	OpHandleWebhook = "payments.HandleWebhook" // WebhookRequest → no body
)

// Operations returns all operations of RPC.
func Operations() []string {
	return []string{OpGetPayment, OpFindPayment, OpReconcile, OpHandleWebhook}
}

// PaymentRequest names a payment.
type PaymentRequest struct {
	PaymentID string `json:"paymentId"`
}

// FindPaymentRequest asks for the payment of a purchase.
type FindPaymentRequest struct {
	PurchaseID string `json:"purchaseId"`
}

// WebhookRequest is what a payment provider told by itself, as it came.
type WebhookRequest struct {
	Provider string `json:"provider"`
	// Headers are those of the provider's request, with names in lower case. One of them
	// is the signature.
	Headers map[string]string `json:"headers"`
	// Body is what was signed, byte for byte; base64 in JSON.
	Body []byte `json:"body"`
}
