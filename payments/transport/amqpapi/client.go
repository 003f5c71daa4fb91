package amqpapi

import (
	"context"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/payments"
	"gamestore.example/payments/endpoints"
	"gamestore.example/payments/transport/dto"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
)

// ErrNotOverAMQP says that an operation is not served to requests over the broker.
var ErrNotOverAMQP = errs.New(errs.MethodNotAllowed, "not-over-amqp", "this operation is not served over AMQP")

// NewClient returns the service behind a caller. The token of who calls comes from the
// context, and the Actor of a query is not sent. Of a Payment a client knows what its
// owner sees. AcceptPurchase, CancelPurchase and RequestRefund, which events do, fail with
// ErrNotOverAMQP.
func NewClient(caller rpc.Caller) endpoints.Set {
	call := func(operation string, send rpc.EncodeRequestFunc) endpoint.Endpoint {
		return rpc.NewClient(caller, operation, send, rpc.Receive(rpc.From(dto.ToPayment)))
	}
	none := func(context.Context, any) (any, error) { return nil, ErrNotOverAMQP }
	return endpoints.Set{
		AcceptPurchaseEndpoint: none,
		CancelPurchaseEndpoint: none,
		RequestRefundEndpoint:  none,
		GetPaymentEndpoint:     call(contractpayments.OpGetPayment, rpc.Send(sendGet)),
		FindPaymentEndpoint:    call(contractpayments.OpFindPayment, rpc.Send(sendFind)),
		ReconcileEndpoint:      call(contractpayments.OpReconcile, rpc.Send(sendReconcile)),
		HandleWebhookEndpoint:  rpc.NewClient(caller, contractpayments.OpHandleWebhook, rpc.Send(sendWebhook), rpc.Done),
	}
}

func sendGet(_ *rpc.Request, q payments.GetPayment) contractpayments.PaymentRequest {
	return contractpayments.PaymentRequest{PaymentID: q.PaymentID}
}

func sendFind(_ *rpc.Request, q payments.FindPayment) contractpayments.FindPaymentRequest {
	return contractpayments.FindPaymentRequest{PurchaseID: q.PurchaseID}
}

func sendReconcile(_ *rpc.Request, c payments.Reconcile) contractpayments.PaymentRequest {
	return contractpayments.PaymentRequest{PaymentID: c.PaymentID}
}

func sendWebhook(_ *rpc.Request, c payments.HandleWebhook) contractpayments.WebhookRequest {
	return contractpayments.WebhookRequest{Provider: c.Provider, Headers: c.Headers, Body: c.Body}
}
