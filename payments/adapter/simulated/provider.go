// Package simulated is a payment provider that moves no money: for development,
// tests and demonstrations. It behaves as the worst of real ones may, and keeps a
// ledger of its own, apart from the payments, that says what was really charged.
//
// The payment method decides what happens:
//
//	tok_approved, ""        the charge succeeds
//	tok_declined            it is declined: card_declined
//	tok_insufficient_funds  it is declined: insufficient_funds
//	tok_timeout             no answer until the caller gives up; charged a while later
//	tok_reset_after_charge  charged, then the connection breaks instead of an answer;
//	                        the same key again is answered
//	tok_error               an internal error each time, never charged: the payment
//	                        ends in manual review
//	tok_refund_refused      the charge succeeds, each refund is refused: refund_refused
//	anything else           declined: invalid_payment_method
//
// Calls are idempotent by key, concurrent ones included. A caller that gives up
// changes nothing about what the provider does.
package simulated

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"gamestore.example/payments"
	"gamestore.example/pkg/errs"
)

// Name is the provider's name.
const Name = "simulated"

// The payment methods.
const (
	Approved          = "tok_approved"
	Declined          = "tok_declined"
	InsufficientFunds = "tok_insufficient_funds"
	Timeout           = "tok_timeout"
	ResetAfterCharge  = "tok_reset_after_charge"
	AlwaysError       = "tok_error"
	RefundRefused     = "tok_refund_refused"
)

// Reasons of refusals.
const (
	ReasonCardDeclined      = "card_declined"
	ReasonInsufficientFunds = "insufficient_funds"
	ReasonRefundRefused     = "refund_refused"
	ReasonRefundTooMuch     = "refund_exceeds_charge"
	ReasonUnknownCharge     = "unknown_charge"
)

// Config is how the provider behaves.
type Config struct {
	// Latency is how long each answer takes.
	Latency time.Duration
	// ChargeDelay is how long after a call a tok_timeout is charged.
	ChargeDelay time.Duration
	// Secret signs webhooks; at least 16 bytes.
	Secret []byte
}

// MinSecret is the least length of Config.Secret, in bytes.
const MinSecret = 16

// Provider implements payments.Provider.
type Provider struct {
	cfg    Config
	ledger Ledger
	now    func() time.Time
	newID  func() string
}

var _ payments.Provider = (*Provider)(nil)

// What the provider says when it says nothing useful.
var (
	errInternal  = errs.New(errs.Internal, "simulated-error", "the simulated provider answered 500")
	errKeyReused = errs.New(errs.Unprocessable, "simulated-key-reused", "the key was used for another charge or refund")
)

// NewProvider returns a provider that writes into the ledger. An Invalid error names
// what is wrong with the configuration.
func NewProvider(cfg Config, ledger Ledger, now func() time.Time, newID func() string) (*Provider, error) {
	if len(cfg.Secret) < MinSecret {
		return nil, errs.New(errs.Invalid, "", "the simulated provider's webhook secret is shorter than 16 bytes")
	}
	if cfg.Latency < 0 || cfg.ChargeDelay < 0 {
		return nil, errs.New(errs.Invalid, "", "the simulated provider's times must not be negative")
	}
	return &Provider{cfg: cfg, ledger: ledger, now: now, newID: newID}, nil
}

// Name implements payments.Provider.
func (p *Provider) Name() string { return Name }

// Ledger returns what was really charged and given back, oldest first.
func (p *Provider) Ledger(ctx context.Context) ([]Entry, error) {
	entries, err := p.ledger.Entries(ctx)
	if err != nil {
		return nil, fmt.Errorf("simulated ledger: %w", err)
	}
	now := p.now()
	for i, e := range entries {
		if e.ripe(now) {
			if entries[i], err = p.ripen(ctx, e.Key); err != nil {
				return nil, err
			}
		}
	}
	return entries, nil
}

// Charge implements payments.Provider.
func (p *Provider) Charge(ctx context.Context, r payments.ChargeRequest) (payments.Charge, error) {
	opened, decline := p.open(r)
	switch {
	case decline != nil:
		return payments.Charge{}, p.answer(ctx, decline)
	case r.Method == AlwaysError:
		return payments.Charge{}, p.answer(ctx, errInternal)
	}
	fresh := false
	e, err := p.ledger.Update(context.WithoutCancel(ctx), r.Key, func(e Entry, known bool) (Entry, error) {
		if !known {
			fresh = true
			return opened, nil
		}
		if !e.asks(r) {
			return e, errKeyReused
		}
		return e.ripened(p.now()), nil
	})
	switch {
	case err != nil:
		return payments.Charge{}, fmt.Errorf("simulated charge: %w", err)
	case fresh && r.Method == Timeout:
		<-ctx.Done()
		return payments.Charge{}, ctx.Err()
	case fresh && r.Method == ResetAfterCharge:
		return payments.Charge{}, p.answer(ctx, fmt.Errorf("read: %w", syscall.ECONNRESET))
	case e.Status == payments.ChargeProcessing:
		if e, err = p.await(ctx, e); err != nil {
			return payments.Charge{}, err
		}
	}
	if e.Status == payments.ChargeDeclined {
		return payments.Charge{}, p.answer(ctx, &payments.DeclinedError{Reason: e.Reason})
	}
	return e.charge(), p.answer(ctx, nil)
}

// open returns the entry that a new charge makes, or its decline when it makes none.
func (p *Provider) open(r payments.ChargeRequest) (Entry, error) {
	e := Entry{
		Key: r.Key, Reference: r.Reference, Amount: r.Amount, Method: r.Method,
		Status: payments.ChargeCaptured, Charges: 1, CreatedAt: p.now(),
	}
	switch r.Method {
	case "", Approved, ResetAfterCharge, RefundRefused, AlwaysError:
	case Declined:
		e.Status, e.Charges, e.Reason = payments.ChargeDeclined, 0, ReasonCardDeclined
	case InsufficientFunds:
		e.Status, e.Charges, e.Reason = payments.ChargeDeclined, 0, ReasonInsufficientFunds
	case Timeout:
		e.Status, e.Charges, e.CaptureAt = payments.ChargeProcessing, 0, p.now().Add(p.cfg.ChargeDelay)
	default:
		return Entry{}, &payments.DeclinedError{Reason: payments.ReasonInvalidPaymentMethod}
	}
	return e, nil
}

// await waits for a charge under way, as a call with the same key does.
func (p *Provider) await(ctx context.Context, e Entry) (Entry, error) {
	if err := sleep(ctx, e.CaptureAt.Sub(p.now())); err != nil {
		return e, err
	}
	return p.ripen(ctx, e.Key)
}

// Lookup implements payments.Provider. A charge that has not happened yet is not
// found.
func (p *Provider) Lookup(ctx context.Context, key string) (payments.Charge, error) {
	e, known, err := p.ledger.Get(ctx, key)
	if err == nil && known && e.ripe(p.now()) {
		e, err = p.ripen(ctx, key)
	}
	switch {
	case err != nil:
		return payments.Charge{}, fmt.Errorf("simulated look-up: %w", err)
	case !known || e.Status == payments.ChargeProcessing:
		return payments.Charge{}, p.answer(ctx, payments.ErrUnknownKey)
	}
	return e.charge(), p.answer(ctx, nil)
}

// Refund implements payments.Provider.
func (p *Provider) Refund(ctx context.Context, r payments.RefundRequest) (payments.Refund, error) {
	var refund RefundEntry
	_, err := p.ledger.Update(context.WithoutCancel(ctx), r.ChargeKey, func(e Entry, known bool) (Entry, error) {
		if !known {
			return e, &payments.DeclinedError{Reason: ReasonUnknownCharge}
		}
		var err error
		e, refund, err = e.ripened(p.now()).refund(r, p.now())
		return e, err
	})
	var declined *payments.DeclinedError
	switch {
	case errors.As(err, &declined):
		return payments.Refund{}, p.answer(ctx, declined)
	case err != nil:
		return payments.Refund{}, fmt.Errorf("simulated refund: %w", err)
	}
	return payments.Refund{Reference: "sim_" + refund.Key, Amount: refund.Amount}, p.answer(ctx, nil)
}

// ripen captures a charge whose time has come.
func (p *Provider) ripen(ctx context.Context, key string) (Entry, error) {
	return p.ledger.Update(context.WithoutCancel(ctx), key, func(e Entry, _ bool) (Entry, error) {
		return e.ripened(p.now()), nil
	})
}

// answer takes its time, then says what there is to say. Who gave up hears nothing.
func (p *Provider) answer(ctx context.Context, err error) error {
	if e := sleep(ctx, p.cfg.Latency); e != nil {
		return e
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
