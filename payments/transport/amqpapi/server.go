package amqpapi

import (
	"github.com/go-kit/kit/endpoint"

	"gamestore.example/payments"
	"gamestore.example/payments/endpoints"
	"gamestore.example/payments/transport/dto"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/rpc"
)

// maxWebhook bounds what a provider signed, in bytes, as over HTTP.
const maxWebhook = 64 << 10

// NewServer serves to requests over the broker what people, operators and payment
// providers ask for. What comes from the games service are events. Everything is
// harmless to repeat.
func NewServer(set endpoints.Set) (*rpc.Mux, error) {
	route := func(operation string, ep endpoint.Endpoint, decode rpc.DecodeRequestFunc) rpc.Route {
		return rpc.Route{
			Operation: operation, Handler: rpc.NewServer(ep, decode, rpc.Encode(rpc.Body(dto.Payment))), Repeat: rpc.Harmless,
		}
	}
	webhook := rpc.NewServer(set.HandleWebhookEndpoint, rpc.Decode(toWebhook), rpc.NoContent)
	return rpc.NewMux(
		route(contractpayments.OpGetPayment, set.GetPaymentEndpoint, rpc.Decode(toGet)),
		route(contractpayments.OpFindPayment, set.FindPaymentEndpoint, rpc.Decode(toFind)),
		route(contractpayments.OpReconcile, set.ReconcileEndpoint, rpc.Decode(toReconcile)),
		rpc.Route{Operation: contractpayments.OpHandleWebhook, Handler: webhook, Repeat: rpc.Harmless},
	)
}

func toGet(_ rpc.Request, b contractpayments.PaymentRequest) (payments.GetPayment, error) {
	return payments.GetPayment{PaymentID: b.PaymentID}, nil
}

func toFind(_ rpc.Request, b contractpayments.FindPaymentRequest) (payments.FindPayment, error) {
	if !payments.ValidID(b.PurchaseID) {
		return payments.FindPayment{}, errs.InvalidFields(errs.Field{Name: "purchaseId", Message: "must be the id of a purchase"})
	}
	return payments.FindPayment{PurchaseID: b.PurchaseID}, nil
}

func toReconcile(_ rpc.Request, b contractpayments.PaymentRequest) (payments.Reconcile, error) {
	return payments.Reconcile{PaymentID: b.PaymentID}, nil
}

func toWebhook(_ rpc.Request, b contractpayments.WebhookRequest) (payments.HandleWebhook, error) {
	switch {
	case !payments.ValidID(b.Provider):
		return payments.HandleWebhook{}, payments.ErrUnknownProvider
	case len(b.Body) > maxWebhook:
		return payments.HandleWebhook{}, httpserver.ErrBodyTooLarge
	}
	return payments.HandleWebhook{Provider: b.Provider, Headers: b.Headers, Body: b.Body}, nil
}
