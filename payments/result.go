package payments

import (
	"context"
	"errors"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

// result is what a step, or the provider by itself, found out.
type result struct {
	kind Kind
	// attempt and lease are the step's; a webhook has none.
	attempt int
	lease   string
	// round is the refund's; 0 when it is not known.
	round     int
	outcome   Outcome
	reference string
	reason    string
	err       error
}

// stepResult starts the result of the step that p was claimed for.
func stepResult(k Kind, p Payment) result {
	return result{kind: k, attempt: p.lastAttempt(), lease: p.Lease.ID, round: p.RefundRound}
}

// charge reads the answer of Provider.Charge or Provider.Lookup.
func (r result) charge(want money.Money, c Charge, err error) result {
	var declined *DeclinedError
	r.err, r.reference = err, c.Reference
	switch {
	case err == nil:
		return r.charged(want, c)
	case r.kind == KindLookup && errors.Is(err, ErrUnknownKey):
		r.outcome = OutcomeNotFound
	case r.kind == KindCharge && errors.As(err, &declined):
		r.outcome, r.reason = OutcomeDeclined, stableReason(declined.Reason)
	case r.kind == KindCharge && errors.Is(err, ErrNotCharged):
		r.outcome, r.reason = OutcomeNotCharged, ReasonNotReached
	default:
		r.outcome, r.reason = OutcomeUnknown, reasonOf(err)
	}
	return r
}

func (r result) charged(want money.Money, c Charge) result {
	switch c.Status {
	case ChargeCaptured:
		r.outcome = OutcomeCharged
		if c.Amount != want {
			r.outcome, r.reason = OutcomeMismatch, ReasonAmountMismatch
		}
	case ChargeDeclined:
		r.outcome, r.reason = OutcomeDeclined, stableReason(c.Reason)
	case ChargeProcessing:
		r.outcome = OutcomeProcessing
	default:
		r.outcome, r.reason = OutcomeUnknown, ReasonProviderError
	}
	return r
}

// refund reads the answer of Provider.Refund.
func (r result) refund(want money.Money, got Refund, err error) result {
	var declined *DeclinedError
	r.err = err
	switch {
	case err == nil && got.Amount == want:
		r.outcome = OutcomeRefunded
	case err == nil:
		r.outcome, r.reason = OutcomeUnknown, ReasonAmountMismatch
	case errors.As(err, &declined):
		r.outcome, r.reason = OutcomeRefused, stableReason(declined.Reason)
	default:
		r.outcome, r.reason = OutcomeUnknown, reasonOf(err)
	}
	return r
}

// webhook reads what the provider told about p by itself.
func webhookResult(p Payment, e WebhookEvent) result {
	r := result{kind: KindWebhook, reference: e.Reference}
	switch e.Kind {
	case WebhookCaptured:
		return r.charged(p.Amount, Charge{Status: ChargeCaptured, Amount: e.Amount})
	case WebhookDeclined:
		r.outcome, r.reason = OutcomeDeclined, stableReason(e.Reason)
	case WebhookRefunded:
		r.outcome = OutcomeRefunded
		if e.Amount != p.Amount {
			r.outcome, r.reason = OutcomeMismatch, ReasonAmountMismatch
		}
	case WebhookRefused:
		r.outcome, r.reason, r.round = OutcomeRefused, stableReason(e.Reason), p.roundOf(e.RefundKey)
	case WebhookOther:
	}
	return r
}

// roundOf returns the round of a refund key, or 0 if it is none of the payment's.
func (p Payment) roundOf(key string) int {
	for n := 1; n <= p.RefundRound; n++ {
		if refundKey(p.ID, n) == key {
			return n
		}
	}
	return 0
}

// reasonOf names an error that proves nothing. Its text is for the log alone.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, ErrNotCharged):
		return ReasonNotReached
	case errors.Is(err, context.DeadlineExceeded), errs.ClassOf(err) == errs.Timeout:
		return ReasonTimeout
	}
	return ReasonProviderError
}

// stableReason keeps a provider's word if it is one: it becomes part of the
// contract, so free text must not get through.
func stableReason(s string) string {
	if s == "" || len(s) > 64 {
		return ReasonDeclined
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return ReasonDeclined
		}
	}
	return s
}
