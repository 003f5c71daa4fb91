package simulated

import (
	"slices"
	"time"

	"gamestore.example/payments"
	"gamestore.example/pkg/money"
)

// Entry is one charge in the provider's books.
type Entry struct {
	// Key is the idempotency key of the charge.
	Key string
	// Reference is what the merchant calls it: the purchase's id.
	Reference string
	Amount    money.Money
	Method    string
	Status    payments.ChargeStatus
	// Reason says why it was declined.
	Reason string
	// Charges counts how often money was taken under this key. More than one is what
	// must never happen.
	Charges int
	// CaptureAt is when a charge that is still processing takes the money.
	CaptureAt time.Time
	CreatedAt time.Time
	Refunds   []RefundEntry
}

// RefundEntry is one refund in the provider's books.
type RefundEntry struct {
	// Key is the idempotency key of the refund.
	Key    string      `json:"key"`
	Amount money.Money `json:"amount"`
	At     time.Time   `json:"at"`
}

// Refunded is how much went back, in minor units of the charge's currency.
func (e Entry) Refunded() int64 {
	var sum int64
	for _, r := range e.Refunds {
		sum += r.Amount.Amount
	}
	return sum
}

// Held is how much the provider holds: taken and not given back.
func (e Entry) Held() int64 { return int64(e.Charges)*e.Amount.Amount - e.Refunded() }

// asks reports whether a request with the entry's key is the one that made it.
func (e Entry) asks(r payments.ChargeRequest) bool {
	return e.Reference == r.Reference && e.Amount == r.Amount && e.Method == r.Method
}

// ripe reports whether a charge under way takes the money by now.
func (e Entry) ripe(now time.Time) bool {
	return e.Status == payments.ChargeProcessing && !e.CaptureAt.After(now)
}

// ripened captures the charge if its time has come.
func (e Entry) ripened(now time.Time) Entry {
	if e.ripe(now) {
		e.Status = payments.ChargeCaptured
		e.Charges++
	}
	return e
}

func (e Entry) charge() payments.Charge {
	return payments.Charge{Status: e.Status, Reference: "sim_" + e.Key, Amount: e.Amount, Reason: e.Reason}
}

// refund gives money back, once per key.
func (e Entry) refund(r payments.RefundRequest, now time.Time) (Entry, RefundEntry, error) {
	if i := slices.IndexFunc(e.Refunds, func(old RefundEntry) bool { return old.Key == r.Key }); i >= 0 {
		if e.Refunds[i].Amount != r.Amount {
			return e, RefundEntry{}, errKeyReused
		}
		return e, e.Refunds[i], nil
	}
	switch {
	case e.Method == RefundRefused:
		return e, RefundEntry{}, &payments.DeclinedError{Reason: ReasonRefundRefused}
	case e.Status != payments.ChargeCaptured:
		return e, RefundEntry{}, &payments.DeclinedError{Reason: ReasonUnknownCharge}
	case r.Amount.Currency != e.Amount.Currency || r.Amount.Amount <= 0 || r.Amount.Amount > e.Amount.Amount-e.Refunded():
		return e, RefundEntry{}, &payments.DeclinedError{Reason: ReasonRefundTooMuch}
	}
	made := RefundEntry{Key: r.Key, Amount: r.Amount, At: now}
	e.Refunds = append(slices.Clone(e.Refunds), made)
	return e, made, nil
}
