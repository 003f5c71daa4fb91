// Package endpoints makes the operations of the payments service go-kit endpoints.
// Its Set is a payments.Service itself, so a client that fills a Set is one as well.
package endpoints

import (
	"context"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/payments"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/middleware"
)

// Set holds an endpoint for each operation. Requests are the commands of package
// payments; responses are what the Service returns, and nothing of interest where it
// returns only an error.
type Set struct {
	AcceptPurchaseEndpoint endpoint.Endpoint
	CancelPurchaseEndpoint endpoint.Endpoint
	RequestRefundEndpoint  endpoint.Endpoint
	GetPaymentEndpoint     endpoint.Endpoint
	FindPaymentEndpoint    endpoint.Endpoint
	ReconcileEndpoint      endpoint.Endpoint
	HandleWebhookEndpoint  endpoint.Endpoint
}

var _ payments.Service = Set{}

// New returns the endpoints of a service. Around each is what wrap makes for its
// name; inside of that the caller's token is verified, and who calls is put into the
// command, whatever it said before. AcceptPurchase, CancelPurchase and
// RequestRefund are for the consumers of events, HandleWebhook for providers: they
// have no token, and only a transport that knows its peer may call them.
func New(svc payments.Service, wrap middleware.Factory, verifier middleware.TokenVerifier) Set {
	caller := middleware.Authenticate(verifier, middleware.User)
	return Set{
		AcceptPurchaseEndpoint: wrap("payments.AcceptPurchase")(middleware.Endpoint(silent(svc.AcceptPurchase))),
		CancelPurchaseEndpoint: wrap("payments.CancelPurchase")(middleware.Endpoint(silent(svc.CancelPurchase))),
		RequestRefundEndpoint:  wrap("payments.RequestRefund")(middleware.Endpoint(silent(svc.RequestRefund))),
		GetPaymentEndpoint:     wrap("payments.GetPayment")(caller(as(ofGet, svc.GetPayment))),
		FindPaymentEndpoint:    wrap("payments.FindPayment")(caller(as(ofFind, svc.FindPayment))),
		ReconcileEndpoint:      wrap("payments.Reconcile")(caller(as(ofReconcile, svc.Reconcile))),
		HandleWebhookEndpoint:  wrap("payments.HandleWebhook")(middleware.Endpoint(silent(svc.HandleWebhook))),
	}
}

// none is the response of an operation that returns only an error.
type none struct{}

func silent[C any](f func(context.Context, C) error) func(context.Context, C) (none, error) {
	return func(ctx context.Context, c C) (none, error) { return none{}, f(ctx, c) }
}

// as makes an endpoint that puts the verified caller into the command before f
// gets it.
func as[C, R any](own func(*C, payments.Actor), f func(context.Context, C) (R, error)) endpoint.Endpoint {
	return middleware.Endpoint(func(ctx context.Context, c C) (R, error) {
		p, ok := auth.PrincipalFrom(ctx)
		if !ok {
			var zero R
			return zero, auth.ErrTokenRequired
		}
		own(&c, payments.Actor{UserID: p.UserID, Admin: p.IsAdmin()})
		return f(ctx, c)
	})
}

func ofGet(q *payments.GetPayment, a payments.Actor)      { q.Actor = a }
func ofFind(q *payments.FindPayment, a payments.Actor)    { q.Actor = a }
func ofReconcile(c *payments.Reconcile, a payments.Actor) { c.Actor = a }

// AcceptPurchase implements payments.Service.
func (s Set) AcceptPurchase(ctx context.Context, c payments.AcceptPurchase) error {
	_, err := s.AcceptPurchaseEndpoint(ctx, c)
	return err
}

// CancelPurchase implements payments.Service.
func (s Set) CancelPurchase(ctx context.Context, c payments.CancelPurchase) error {
	_, err := s.CancelPurchaseEndpoint(ctx, c)
	return err
}

// RequestRefund implements payments.Service.
func (s Set) RequestRefund(ctx context.Context, c payments.RequestRefund) error {
	_, err := s.RequestRefundEndpoint(ctx, c)
	return err
}

// GetPayment implements payments.Service.
func (s Set) GetPayment(ctx context.Context, q payments.GetPayment) (payments.Payment, error) {
	return middleware.Call[payments.Payment](ctx, s.GetPaymentEndpoint, q)
}

// FindPayment implements payments.Service.
func (s Set) FindPayment(ctx context.Context, q payments.FindPayment) (payments.Payment, error) {
	return middleware.Call[payments.Payment](ctx, s.FindPaymentEndpoint, q)
}

// Reconcile implements payments.Service.
func (s Set) Reconcile(ctx context.Context, c payments.Reconcile) (payments.Payment, error) {
	return middleware.Call[payments.Payment](ctx, s.ReconcileEndpoint, c)
}

// HandleWebhook implements payments.Service.
func (s Set) HandleWebhook(ctx context.Context, c payments.HandleWebhook) error {
	_, err := s.HandleWebhookEndpoint(ctx, c)
	return err
}
