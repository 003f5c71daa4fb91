// Package guard stands between the service and a payment provider: it bounds how
// long a call may take, and puts what is around every endpoint (a circuit breaker,
// metrics, spans, recovery from panics) around every call.
//
// A call that the breaker refuses certainly did not reach the provider, which the
// service must know: it is payments.ErrNotCharged.
package guard

import (
	"context"
	"errors"
	"time"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/fault"
	"gamestore.example/pkg/middleware"
)

// Provider is a payments.Provider around another one.
type Provider struct {
	next    payments.Provider
	timeout time.Duration
	charge  endpoint.Endpoint
	lookup  endpoint.Endpoint
	refund  endpoint.Endpoint
}

var _ payments.Provider = (*Provider)(nil)

// New returns next with wrap around its calls, each of which gets the timeout. An
// Invalid error if the timeout is not positive.
func New(next payments.Provider, timeout time.Duration, wrap middleware.Factory) (*Provider, error) {
	if timeout <= 0 {
		return nil, errs.New(errs.Invalid, "", "the payment provider's timeout must be positive")
	}
	p := &Provider{next: next, timeout: timeout}
	name := "provider." + next.Name() + "."
	p.charge = wrap(name + "Charge")(bound(timeout, p.doCharge))
	p.lookup = wrap(name + "Lookup")(bound(timeout, next.Lookup))
	p.refund = wrap(name + "Refund")(bound(timeout, next.Refund))
	return p, nil
}

// answer is what a provider said. A definite no is an answer: the breaker must not
// take it for an outage, and metrics must not take it for an error.
type answer[R any] struct {
	value R
	no    error
}

// bound makes an endpoint of a call, with its timeout.
func bound[Q, R any](timeout time.Duration, call func(context.Context, Q) (R, error)) endpoint.Endpoint {
	return middleware.Endpoint(func(ctx context.Context, q Q) (answer[R], error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		value, err := call(ctx, q)
		var declined *payments.DeclinedError
		if errors.As(err, &declined) || errors.Is(err, payments.ErrUnknownKey) {
			return answer[R]{value: value, no: err}, nil
		}
		return answer[R]{value: value}, err
	})
}

func ask[R any](ctx context.Context, ep endpoint.Endpoint, q any) (R, error) {
	a, err := middleware.Call[answer[R]](ctx, ep, q)
	if errors.Is(err, middleware.ErrCircuitOpen) {
		return a.value, payments.ErrNotCharged.WithCause(err)
	}
	if err != nil {
		return a.value, err
	}
	return a.value, a.no
}

// Name implements payments.Provider.
func (p *Provider) Name() string { return p.next.Name() }

// Charge implements payments.Provider.
func (p *Provider) Charge(ctx context.Context, r payments.ChargeRequest) (payments.Charge, error) {
	return ask[payments.Charge](ctx, p.charge, r)
}

func (p *Provider) doCharge(ctx context.Context, r payments.ChargeRequest) (payments.Charge, error) {
	fault.Point("payments.before-charge")
	c, err := p.next.Charge(ctx, r)
	fault.Point("payments.after-charge")
	return c, err
}

// Lookup implements payments.Provider.
func (p *Provider) Lookup(ctx context.Context, key string) (payments.Charge, error) {
	return ask[payments.Charge](ctx, p.lookup, key)
}

// Refund implements payments.Provider.
func (p *Provider) Refund(ctx context.Context, r payments.RefundRequest) (payments.Refund, error) {
	return ask[payments.Refund](ctx, p.refund, r)
}

// ParseWebhook implements payments.Provider: it calls nobody, so nothing is around it.
func (p *Provider) ParseWebhook(headers map[string]string, body []byte) (payments.WebhookEvent, error) {
	return p.next.ParseWebhook(headers, body)
}
