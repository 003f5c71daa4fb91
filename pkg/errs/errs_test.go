package errs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"gamestore.example/pkg/errs"
)

func TestEveryClassHasARowOfItsOwn(t *testing.T) {
	codes, statuses := map[errs.Code]bool{}, map[int]bool{}
	for c := errs.Internal; c <= errs.Timeout; c++ {
		if codes[c.DefaultCode()] || statuses[c.HTTPStatus()] {
			t.Errorf("class %d shares its code %q or status %d with another", c, c.DefaultCode(), c.HTTPStatus())
		}
		codes[c.DefaultCode()], statuses[c.HTTPStatus()] = true, true
		if got := errs.ClassOfStatus(c.HTTPStatus()); got != c {
			t.Errorf("ClassOfStatus(%d) = %d, want %d", c.HTTPStatus(), got, c)
		}
	}
}

func TestSettle(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want errs.Settle
	}{
		{nil, errs.Ack},
		{errors.New("nobody classified this"), errs.Retry},
		{errs.New(errs.Invalid, "", "poison"), errs.Dead},
		{fmt.Errorf("store: %w", errs.New(errs.Unavailable, "", "down")), errs.Hold},
		{errs.New(errs.NotFound, "", "not yet"), errs.Retry},
		{context.DeadlineExceeded, errs.Retry},
	} {
		if got := errs.SettleOf(tc.err); got != tc.want {
			t.Errorf("SettleOf(%v) = %v, want %v", tc.err, got, tc.want)
		}
	}
}

func TestSentinelsMatchTheirCopies(t *testing.T) {
	sentinel := errs.New(errs.Conflict, "already-owned", "you own this game")
	e := fmt.Errorf("purchase: %w", sentinel.WithDetail("purchase", "/api/purchases/1").WithCause(errors.New("unique")))
	if !errors.Is(e, sentinel) {
		t.Error("a copy with details and a cause does not match its sentinel")
	}
	if len(sentinel.Details) != 0 {
		t.Error("WithDetail changed the sentinel")
	}
	if errors.Is(e, errs.New(errs.Conflict, "already-pending", "")) {
		t.Error("errors of the same class and another code match")
	}
}

func TestAnUnclassifiedErrorIsInternalAndKeepsItsTextForTheLog(t *testing.T) {
	e := errs.From(errors.New("pq: password leaked"))
	if e.Class != errs.Internal || e.Message != "internal error" {
		t.Errorf("got %v %q", e.Class, e.Message)
	}
	if e.Unwrap() == nil {
		t.Error("the cause is lost")
	}
}
