package games_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/games"
	"gamestore.example/pkg/money"
)

var (
	start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later = start.Add(time.Hour)
	price = money.Money{Amount: 1999, Currency: "BRL"}
)

const window = 14 * 24 * time.Hour

// in returns a purchase as it is in a state, with the payment "pay" once known.
func in(s games.Status) games.Purchase {
	p := games.Purchase{ID: "p1", UserID: "u1", GameID: "g1", Price: price, Status: s, Version: 3, CreatedAt: start, UpdatedAt: start, AskAt: start.Add(time.Minute)}
	switch s {
	case games.StatusCompleted, games.StatusRefunding, games.StatusRefunded:
		p.PaymentID, p.CompletedAt = "pay", start
	case games.StatusFailed:
		p.PaymentID, p.FailureReason = "pay", "card_declined"
	case games.StatusPending, games.StatusCancelled:
	}
	return p
}

func pay(f func(games.Purchase, games.Payment, time.Time) games.Change) func(games.Purchase) (games.Change, error) {
	return func(p games.Purchase) (games.Change, error) {
		return f(p, games.Payment{ID: "pay", Amount: price, Reason: "because"}, later), nil
	}
}

func TestEveryStateTimesEveryTransition(t *testing.T) {
	const (
		pending, completed, failed      = games.StatusPending, games.StatusCompleted, games.StatusFailed
		cancelled, refunding, refunded  = games.StatusCancelled, games.StatusRefunding, games.StatusRefunded
		applied, duplicate              = games.Applied, games.Duplicate
		ignored, contradiction, refused = games.Ignored, games.Contradiction, games.Outcome("refused")
	)
	type want struct {
		to      games.Status
		outcome games.Outcome
		event   games.EventName
	}
	same := func(s games.Status, o games.Outcome) want { return want{to: s, outcome: o} }
	for name, tc := range map[string]struct {
		apply func(games.Purchase) (games.Change, error)
		err   error
		want  map[games.Status]want
	}{
		"Complete": {
			apply: func(p games.Purchase) (games.Change, error) {
				return p.Complete(games.Payment{ID: "pay", Amount: price}, later)
			},
			want: map[games.Status]want{
				pending:   {completed, applied, games.PurchaseCompleted},
				completed: same(completed, duplicate),
				failed:    same(failed, contradiction),
				cancelled: {cancelled, applied, games.PurchaseCancelled},
				refunding: same(refunding, duplicate),
				refunded:  same(refunded, duplicate),
			},
		},
		"Fail": {
			apply: pay(games.Purchase.Fail),
			want: map[games.Status]want{
				pending:   {failed, applied, games.PurchaseFailed},
				completed: same(completed, contradiction),
				failed:    same(failed, duplicate),
				cancelled: same(cancelled, ignored),
				refunding: same(refunding, contradiction),
				refunded:  same(refunded, contradiction),
			},
		},
		"Refunded": {
			apply: pay(games.Purchase.Refunded),
			want: map[games.Status]want{
				pending:   same(pending, contradiction),
				completed: same(completed, contradiction),
				failed:    same(failed, contradiction),
				cancelled: same(cancelled, ignored),
				refunding: {refunded, applied, games.PurchaseRefunded},
				refunded:  same(refunded, duplicate),
			},
		},
		"RefundFailed": {
			apply: pay(games.Purchase.RefundFailed),
			want: map[games.Status]want{
				pending:   same(pending, contradiction),
				completed: same(completed, duplicate),
				failed:    same(failed, contradiction),
				cancelled: same(cancelled, contradiction),
				refunding: {to: completed, outcome: applied},
				refunded:  same(refunded, contradiction),
			},
		},
		"Cancel": {
			apply: func(p games.Purchase) (games.Change, error) { return p.Cancel(later) },
			err:   games.ErrNotCancellable,
			want: map[games.Status]want{
				pending:   {cancelled, applied, games.PurchaseCancelled},
				completed: {outcome: refused},
				failed:    {outcome: refused},
				cancelled: same(cancelled, duplicate),
				refunding: {outcome: refused},
				refunded:  {outcome: refused},
			},
		},
		"RequestRefund": {
			apply: func(p games.Purchase) (games.Change, error) { return p.RequestRefund(window, time.Minute, later) },
			err:   games.ErrNotRefundable,
			want: map[games.Status]want{
				pending:   {outcome: refused},
				completed: {refunding, applied, games.PurchaseRefundRequested},
				failed:    {outcome: refused},
				cancelled: {outcome: refused},
				refunding: same(refunding, duplicate),
				refunded:  same(refunded, duplicate),
			},
		},
		"Ask": {
			apply: func(p games.Purchase) (games.Change, error) { return p.Ask(later.Add(time.Minute), later), nil },
			want: map[games.Status]want{
				pending:   {pending, applied, games.GamePurchased},
				completed: same(completed, ignored),
				failed:    same(failed, ignored),
				cancelled: same(cancelled, ignored),
				refunding: {refunding, applied, games.PurchaseRefundRequested},
				refunded:  same(refunded, ignored),
			},
		},
	} {
		for _, status := range games.Statuses() {
			t.Run(name+"/"+string(status), func(t *testing.T) {
				before, want := in(status), tc.want[status]
				got, err := tc.apply(before)
				if want.outcome == refused {
					if !errors.Is(err, tc.err) {
						t.Fatalf("got %v, want %v", err, tc.err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got.Outcome != want.outcome || got.Purchase.Status != want.to {
					t.Errorf("got %s and %s, want %s and %s", got.Outcome, got.Purchase.Status, want.outcome, want.to)
				}
				checkChange(t, before, got, want.event)
			})
		}
	}
}

// checkChange checks what holds for every transition.
func checkChange(t *testing.T, before games.Purchase, got games.Change, event games.EventName) {
	t.Helper()
	if got.Outcome != games.Applied {
		if diff := cmp.Diff(before, got.Purchase); diff != "" || len(got.Events) != 0 {
			t.Errorf("%s changed something: %s %v", got.Outcome, diff, got.Events)
		}
		return
	}
	if got.Purchase.Status != before.Status && (got.Purchase.Version != before.Version+1 || !got.Purchase.UpdatedAt.Equal(later)) {
		t.Errorf("version %d at %v after a change of %d", got.Purchase.Version, got.Purchase.UpdatedAt, before.Version)
	}
	var want []games.Event
	if event != "" {
		want = []games.Event{{Name: event, At: later, Purchase: got.Purchase}}
	}
	if diff := cmp.Diff(want, got.Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestCompleteChecksWhatWasPaid(t *testing.T) {
	for _, paid := range []money.Money{{Amount: 1998, Currency: "BRL"}, {Amount: 1999, Currency: "USD"}, {}} {
		for _, status := range games.Statuses() {
			if _, err := in(status).Complete(games.Payment{ID: "pay", Amount: paid}, later); !errors.Is(err, games.ErrAmountMismatch) {
				t.Errorf("%s, paid %v: got %v, want ErrAmountMismatch", status, paid, err)
			}
		}
	}
}

func TestASecondPaymentOfOnePurchaseIsAContradiction(t *testing.T) {
	other := games.Payment{ID: "other", Amount: price}
	for _, status := range []games.Status{games.StatusCompleted, games.StatusFailed, games.StatusRefunding, games.StatusRefunded} {
		p := in(status)
		completed, err := p.Complete(other, later)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []games.Change{completed, p.Fail(other, later), p.Refunded(other, later), p.RefundFailed(other, later)} {
			if c.Outcome != games.Contradiction || !cmp.Equal(c.Purchase, p) {
				t.Errorf("%s: got %+v", status, c)
			}
		}
	}
}

func TestTheRefundWindowCountsFromCompletion(t *testing.T) {
	p := in(games.StatusCompleted)
	p.CompletedAt = start.Add(5 * time.Minute)
	end := p.CompletedAt.Add(window)
	if _, err := p.RequestRefund(window, time.Minute, end); err != nil {
		t.Errorf("at the last moment: %v", err)
	}
	if _, err := p.RequestRefund(window, time.Minute, end.Add(time.Microsecond)); !errors.Is(err, games.ErrRefundWindow) {
		t.Errorf("after it: got %v, want ErrRefundWindow", err)
	}
}

func TestWhatTheTransitionsRemember(t *testing.T) {
	payment := games.Payment{ID: "pay", Amount: price, Reason: "card_declined"}
	failed := in(games.StatusPending).Fail(payment, later).Purchase
	if failed.PaymentID != "pay" || failed.FailureReason != "card_declined" {
		t.Errorf("failed: %+v", failed)
	}
	completed, err := in(games.StatusPending).Complete(payment, later)
	if err != nil || completed.Purchase.PaymentID != "pay" || !completed.Purchase.CompletedAt.Equal(later) {
		t.Errorf("completed: %+v, %v", completed, err)
	}
	kept := in(games.StatusRefunding).RefundFailed(payment, later).Purchase
	if kept.FailureReason != "card_declined" || !kept.CompletedAt.Equal(start) {
		t.Errorf("refund failed: %+v", kept)
	}
	again, err := kept.RequestRefund(window, time.Minute, later)
	if err != nil || again.Purchase.FailureReason != "" {
		t.Errorf("asked again: %+v, %v", again, err)
	}
}

func TestAFreeGameNeedsNoPayment(t *testing.T) {
	g := games.Game{ID: "g1", Price: money.Money{Currency: "BRL"}}
	c := games.NewPurchase(games.Purchase{ID: "p1", UserID: "u1"}, g, time.Minute, start)
	if c.Purchase.Status != games.StatusCompleted || !c.Purchase.CompletedAt.Equal(start) {
		t.Fatalf("got %+v", c.Purchase)
	}
	names := []games.EventName{c.Events[0].Name, c.Events[1].Name}
	if !cmp.Equal(names, []games.EventName{games.GamePurchased, games.PurchaseCompleted}) {
		t.Errorf("events %v", names)
	}
	back, err := c.Purchase.RequestRefund(window, time.Minute, later)
	if err != nil || back.Purchase.Status != games.StatusRefunded || back.Events[0].Name != games.PurchaseRefunded {
		t.Errorf("giving it back: %+v, %v", back, err)
	}
}

func TestCounterDelta(t *testing.T) {
	for _, tc := range []struct {
		from, to games.Status
		want     int64
	}{
		{games.StatusPending, games.StatusCompleted, 1},
		{games.StatusPending, games.StatusFailed, 0},
		{games.StatusCompleted, games.StatusRefunding, 0},
		{games.StatusRefunding, games.StatusCompleted, 0},
		{games.StatusRefunding, games.StatusRefunded, -1},
		{games.StatusCompleted, games.StatusRefunded, -1},
		{"", games.StatusCompleted, 1},
	} {
		if got := games.CounterDelta(tc.from, tc.to); got != tc.want {
			t.Errorf("%s → %s: got %d, want %d", tc.from, tc.to, got, tc.want)
		}
	}
}
