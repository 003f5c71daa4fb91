package payments

import (
	"slices"
	"time"
)

// Kind is what an attempt tried.
type Kind string

// The kinds.
const (
	KindCharge  Kind = "charge"
	KindLookup  Kind = "lookup"
	KindRefund  Kind = "refund"
	KindWebhook Kind = "webhook"
)

// Outcome is how an attempt ended. Empty means that it has not.
type Outcome string

// The outcomes.
const (
	// OutcomeCharged is evidence that the money was taken.
	OutcomeCharged Outcome = "charged"
	// OutcomeDeclined is evidence that it was not and will not be.
	OutcomeDeclined Outcome = "declined"
	// OutcomeNotCharged says that the call certainly did not reach the provider.
	OutcomeNotCharged Outcome = "not_charged"
	// OutcomeNotFound says that the provider does not know the key.
	OutcomeNotFound Outcome = "not_found"
	// OutcomeProcessing says that the provider has not decided yet.
	OutcomeProcessing Outcome = "processing"
	// OutcomeMismatch is evidence that another amount was taken.
	OutcomeMismatch Outcome = "amount_mismatch"
	// OutcomeUnknown is anything that proves nothing.
	OutcomeUnknown Outcome = "unknown"
	// OutcomeRefunded is evidence that the money went back.
	OutcomeRefunded Outcome = "refunded"
	// OutcomeRefused is evidence that it did not and will not.
	OutcomeRefused Outcome = "refused"
)

// Evidence reports whether the outcome proves something about the money.
func (o Outcome) Evidence() bool {
	switch o {
	case OutcomeCharged, OutcomeDeclined, OutcomeMismatch, OutcomeRefunded, OutcomeRefused:
		return true
	case OutcomeNotCharged, OutcomeNotFound, OutcomeProcessing, OutcomeUnknown:
	}
	return false
}

// Reasons that this service gives by itself. Providers add theirs, such as
// "card_declined" and "insufficient_funds".
const (
	ReasonCancelled            = "cancelled"
	ReasonInvalidPaymentMethod = "invalid_payment_method"
	ReasonAmountMismatch       = "amount_mismatch"
	ReasonTimeout              = "timeout"
	ReasonNotReached           = "not_reached"
	ReasonProviderError        = "provider_error"
	ReasonInterrupted          = "interrupted"
	ReasonNoProvider           = "no_provider"
	ReasonDeclined             = "declined"
)

// MaxAttempts is how many attempts a payment remembers. Beyond it the oldest that
// proved nothing is forgotten; numbers are never given twice.
const MaxAttempts = 200

// Attempt is one call to the provider, or one thing that it told by itself.
type Attempt struct {
	// Number counts a payment's attempts, from 1.
	Number    int
	Kind      Kind
	StartedAt time.Time
	// FinishedAt is zero while it is under way.
	FinishedAt time.Time
	Outcome    Outcome
	// Reason is a stable word that says more, if there is more to say.
	Reason string
}

// Open reports whether the attempt is under way.
func (a Attempt) Open() bool { return a.FinishedAt.IsZero() }

// lastAttempt is the number of the newest attempt, or 0.
func (p Payment) lastAttempt() int {
	if n := len(p.Attempts); n > 0 {
		return p.Attempts[n-1].Number
	}
	return 0
}

// begin adds an attempt that starts now.
func (p Payment) begin(k Kind, now time.Time) Payment {
	p.Attempts = append(p.Attempts, Attempt{Number: p.lastAttempt() + 1, Kind: k, StartedAt: now})
	if len(p.Attempts) > MaxAttempts {
		if i := slices.IndexFunc(p.Attempts, func(a Attempt) bool { return !a.Open() && !a.Outcome.Evidence() }); i >= 0 {
			p.Attempts = slices.Delete(p.Attempts, i, i+1)
		}
	}
	return p
}

// finish ends the attempt with the number, if it is open or was given up too soon.
func (p Payment) finish(number int, now time.Time, o Outcome, reason string) Payment {
	for i, a := range p.Attempts {
		if a.Number == number && (a.Open() || a.Reason == ReasonInterrupted) {
			p.Attempts[i].FinishedAt, p.Attempts[i].Outcome, p.Attempts[i].Reason = now, o, reason
		}
	}
	return p
}

// interrupt ends every open attempt: whoever made them is gone or too late.
func (p Payment) interrupt(now time.Time) Payment {
	for _, a := range p.Attempts {
		if a.Open() {
			p = p.finish(a.Number, now, OutcomeUnknown, ReasonInterrupted)
		}
	}
	return p
}
