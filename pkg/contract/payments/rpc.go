package payments

// RPC is the queue of requests to the service. The property type of a request is one
// of the operations below; its body holds what is in path and query over HTTP, and the
// answer's is the same as there.
const RPC = "gamestore.rpc.payments"

// The operations of RPC.
const (
	OpGetPayment  = "payments.GetPayment"  // PaymentRequest → Payment
	OpFindPayment = "payments.FindPayment" // FindPaymentRequest → Payment
	OpReconcile   = "payments.Reconcile"   // PaymentRequest → Payment
)

// Operations returns all operations of RPC.
func Operations() []string { return []string{OpGetPayment, OpFindPayment, OpReconcile} }

// PaymentRequest names a payment.
type PaymentRequest struct {
	PaymentID string `json:"paymentId"`
}

// FindPaymentRequest asks for the payment of a purchase.
type FindPaymentRequest struct {
	PurchaseID string `json:"purchaseId"`
}
