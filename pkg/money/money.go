// Package money represents amounts as whole minor units of an ISO 4217 currency.
package money

import (
	"errors"
	"fmt"
)

// MaxAmount bounds an amount to what every JSON reader keeps exactly (2^53-1).
const MaxAmount = 1<<53 - 1

// Errors of New and Add.
var (
	ErrCurrency = errors.New("currency must be three upper-case letters (ISO 4217)")
	ErrAmount   = fmt.Errorf("amount must be from 0 to %d minor units", int64(MaxAmount))
	ErrMixed    = errors.New("amounts of different currencies")
)

// Money is an amount of a currency. The zero value is no money in no currency.
type Money struct {
	// Amount is in minor units: 1999 BRL is R$ 19.99.
	Amount int64
	// Currency is the ISO 4217 code.
	Currency string
}

// New returns a non-negative amount in minor units, or ErrAmount or ErrCurrency.
func New(amount int64, currency string) (Money, error) {
	if amount < 0 || amount > MaxAmount {
		return Money{}, ErrAmount
	}
	if len(currency) != 3 {
		return Money{}, ErrCurrency
	}
	for _, c := range []byte(currency) {
		if c < 'A' || c > 'Z' {
			return Money{}, ErrCurrency
		}
	}
	return Money{Amount: amount, Currency: currency}, nil
}

// IsZero reports whether the amount is nothing, in any currency.
func (m Money) IsZero() bool { return m.Amount == 0 }

// Add returns the sum, or ErrMixed, or ErrAmount when it is out of range.
func (m Money) Add(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, ErrMixed
	}
	return New(m.Amount+o.Amount, m.Currency)
}

// String returns the amount for logs, such as "1999 BRL".
func (m Money) String() string { return fmt.Sprintf("%d %s", m.Amount, m.Currency) }
