package amqpapi

import (
	"github.com/go-kit/kit/endpoint"

	"gamestore.example/payments"
	"gamestore.example/payments/endpoints"
	"gamestore.example/payments/transport/dto"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
)

// NewServer serves to requests over the broker what people and operators ask for. What
// comes from the games service are events, and webhooks come by HTTP. Everything is
// harmless to repeat.
func NewServer(set endpoints.Set) (*rpc.Mux, error) {
	route := func(operation string, ep endpoint.Endpoint, decode rpc.DecodeRequestFunc) rpc.Route {
		return rpc.Route{
			Operation: operation, Handler: rpc.NewServer(ep, decode, rpc.Encode(rpc.Body(dto.Payment))), Repeat: rpc.Harmless,
		}
	}
	return rpc.NewMux(
		route(contractpayments.OpGetPayment, set.GetPaymentEndpoint, rpc.Decode(toGet)),
		route(contractpayments.OpFindPayment, set.FindPaymentEndpoint, rpc.Decode(toFind)),
		route(contractpayments.OpReconcile, set.ReconcileEndpoint, rpc.Decode(toReconcile)),
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
