package money_test

import (
	"errors"
	"testing"

	"gamestore.example/pkg/money"
)

func TestNew(t *testing.T) {
	for _, tc := range []struct {
		amount   int64
		currency string
		want     error
	}{
		{0, "BRL", nil},
		{1999, "BRL", nil},
		{money.MaxAmount, "USD", nil},
		{-1, "BRL", money.ErrAmount},
		{money.MaxAmount + 1, "BRL", money.ErrAmount},
		{1, "", money.ErrCurrency},
		{1, "brl", money.ErrCurrency},
		{1, "BR1", money.ErrCurrency},
		{1, "BRLX", money.ErrCurrency},
	} {
		if _, err := money.New(tc.amount, tc.currency); !errors.Is(err, tc.want) {
			t.Errorf("New(%d, %q) = %v, want %v", tc.amount, tc.currency, err, tc.want)
		}
	}
}

func TestAdd(t *testing.T) {
	brl := money.Money{Amount: 1, Currency: "BRL"}
	if _, err := brl.Add(money.Money{Amount: 1, Currency: "USD"}); !errors.Is(err, money.ErrMixed) {
		t.Errorf("mixed currencies: %v", err)
	}
	if _, err := brl.Add(money.Money{Amount: money.MaxAmount, Currency: "BRL"}); !errors.Is(err, money.ErrAmount) {
		t.Errorf("overflow: %v", err)
	}
	if sum, err := brl.Add(brl); err != nil || sum.Amount != 2 {
		t.Errorf("1+1 = %v, %v", sum, err)
	}
}
