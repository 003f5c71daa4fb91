package payments_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/payments"
	"gamestore.example/pkg/money"
)

var (
	start = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	lease = payments.Lease{ID: "lease-2", Until: start.Add(time.Minute)}
)

// inState returns a payment that may be in the state: due, with one attempt under
// way, in its first refund round where it has one.
func inState(s payments.Status) payments.Payment {
	p := payments.NewPayment(payments.Payment{
		ID: "pay-1", PurchaseID: "pur-1", UserID: "ana", Amount: money.Money{Amount: 1999, Currency: "BRL"}, Provider: "scripted",
	}, start.Add(-time.Hour))
	p.Status = s
	p.DueAt = start
	if s != payments.Pending {
		p.FirstChargeAt = start.Add(-time.Hour)
		p.Attempts = []payments.Attempt{{Number: 1, Kind: payments.KindCharge, StartedAt: start.Add(-time.Hour)}}
	}
	if s == payments.Refunding || s == payments.Refunded {
		p.RefundRound = 1
	}
	return p
}

type transition func(payments.Payment) (payments.Payment, error)

func transitions() map[string]transition {
	return map[string]transition{
		"Start":         func(p payments.Payment) (payments.Payment, error) { return p.Start(lease, start) },
		"Force":         func(p payments.Payment) (payments.Payment, error) { return p.Force(lease, start) },
		"ChargeAgain":   func(p payments.Payment) (payments.Payment, error) { return p.ChargeAgain(lease, start) },
		"Captured":      func(p payments.Payment) (payments.Payment, error) { return p.Captured("ref", start) },
		"Declined":      func(p payments.Payment) (payments.Payment, error) { return p.Declined("card_declined", start) },
		"NotCharged":    func(p payments.Payment) (payments.Payment, error) { return p.NotCharged(start.Add(1), start) },
		"Unresolved":    func(p payments.Payment) (payments.Payment, error) { return p.Unresolved(start.Add(1), start) },
		"Review":        func(p payments.Payment) (payments.Payment, error) { return p.Review("not_found", start.Add(1), start) },
		"Cancel":        func(p payments.Payment) (payments.Payment, error) { return p.Cancel(start) },
		"RequestRefund": func(p payments.Payment) (payments.Payment, error) { return p.RequestRefund(0, start) },
		"Refunded":      func(p payments.Payment) (payments.Payment, error) { return p.Refunded(start) },
		"RefundRefused": func(p payments.Payment) (payments.Payment, error) {
			return p.RefundRefused(p.RefundRound, "refund_refused", start)
		},
		"RefundUnresolved": func(p payments.Payment) (payments.Payment, error) { return p.RefundUnresolved(start.Add(1), start) },
	}
}

// TestEveryTransitionInEveryState has a row per state and a column per transition: the
// state it leads to, or the error.
func TestEveryTransitionInEveryState(t *testing.T) {
	columns := []string{
		"Start", "Force", "ChargeAgain", "Captured", "Declined", "NotCharged", "Unresolved", "Review",
		"Cancel", "RequestRefund", "Refunded", "RefundRefused", "RefundUnresolved",
	}
	const (
		pending   = payments.Pending
		charging  = payments.Charging
		unknown   = payments.Unknown
		review    = payments.ManualReview
		completed = payments.Completed
		failed    = payments.Failed
		refunding = payments.Refunding
		refunded  = payments.Refunded
	)
	no, same, contra, refuse := payments.ErrTransition, payments.ErrRepeated, payments.ErrContradiction, payments.ErrNotRefundable
	table := map[payments.Status][]any{
		pending:   {charging, charging, no, no, no, no, no, no, failed, refuse, contra, contra, no},
		charging:  {unknown, unknown, no, completed, failed, pending, unknown, no, charging, refuse, contra, contra, no},
		unknown:   {unknown, unknown, unknown, completed, failed, no, unknown, review, unknown, refuse, contra, contra, no},
		review:    {review, review, no, completed, failed, no, review, no, review, refuse, contra, contra, no},
		completed: {no, no, no, same, contra, no, no, no, refunding, refunding, contra, contra, no},
		failed:    {no, no, no, contra, same, no, no, no, same, refuse, contra, contra, no},
		refunding: {refunding, refunding, no, same, contra, no, no, no, same, same, refunded, completed, refunding},
		refunded:  {no, no, no, same, contra, no, no, no, same, same, same, contra, no},
	}
	all := transitions()
	if len(columns) != len(all) || len(table) != len(payments.Statuses()) {
		t.Fatalf("the table has %d columns and %d rows, want %d and %d", len(columns), len(table), len(all), len(payments.Statuses()))
	}
	for _, from := range payments.Statuses() {
		for i, name := range columns {
			t.Run(fmt.Sprintf("%s/%s", from, name), func(t *testing.T) {
				check(t, inState(from), all[name], table[from][i])
			})
		}
	}
}

// check runs a transition and compares it with the state or error that is wanted.
func check(t *testing.T, p payments.Payment, do transition, want any) {
	t.Helper()
	before := inState(p.Status)
	got, err := do(p)
	if d := cmp.Diff(before, p); d != "" {
		t.Errorf("the transition wrote to its argument:\n%s", d)
	}
	if target, ok := want.(error); ok {
		if !errors.Is(err, target) {
			t.Errorf("error %v, want %v", err, target)
		}
		if d := cmp.Diff(before, got); d != "" {
			t.Errorf("a refused transition changed the payment:\n%s", d)
		}
		return
	}
	if err != nil || got.Status != want {
		t.Fatalf("got %s, %v; want %s", got.Status, err, want)
	}
	if got.Version != before.Version+1 || !got.UpdatedAt.Equal(start) {
		t.Errorf("version %d at %v, want %d at %v", got.Version, got.UpdatedAt, before.Version+1, start)
	}
	switch got.Status {
	case payments.Completed, payments.Failed, payments.Refunded:
		if !got.DueAt.IsZero() || got.Lease.ID != "" {
			t.Errorf("an end is due at %v under lease %q", got.DueAt, got.Lease.ID)
		}
	default:
		if got.DueAt.IsZero() {
			t.Error("what has not ended is not due: nobody would ever drive it on")
		}
	}
}

func TestStartNeedsADuePayment(t *testing.T) {
	p := inState(payments.Pending)
	p.DueAt = start.Add(1)
	if _, err := p.Start(lease, start); !errors.Is(err, payments.ErrTransition) {
		t.Errorf("due later: %v", err)
	}
	if _, err := p.Force(lease, start); err != nil {
		t.Errorf("forced: %v", err)
	}
	p.Lease = payments.Lease{ID: "lease-1", Until: start.Add(1)}
	if _, err := p.Force(lease, start); !errors.Is(err, payments.ErrBusy) {
		t.Errorf("forced while leased: %v", err)
	}
}

func TestAPaymentThatIsDueIsNeverLeased(t *testing.T) {
	p, err := inState(payments.Pending).Start(lease, start)
	if err != nil {
		t.Fatal(err)
	}
	if !p.DueAt.Equal(lease.Until) || p.Lease != lease || !p.Leased(start) || p.Leased(lease.Until) {
		t.Errorf("due at %v under %+v", p.DueAt, p.Lease)
	}
}

func TestAfterACancel(t *testing.T) {
	for _, tc := range []struct {
		name string
		from payments.Status
		do   string
		want payments.Status
	}{
		{"a charge that succeeds goes straight to the refund", payments.Charging, "Captured", payments.Refunding},
		{"a look-up that finds the charge does too", payments.Unknown, "Captured", payments.Refunding},
		{"and a late webhook", payments.ManualReview, "Captured", payments.Refunding},
		{"a charge that did not reach the provider fails", payments.Charging, "NotCharged", payments.Failed},
		{"a charge that was declined fails", payments.Charging, "Declined", payments.Failed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := inState(tc.from).Cancel(start)
			if err != nil || !p.CancelRequested || p.Status != tc.from {
				t.Fatalf("cancelled: %+v, %v", p, err)
			}
			if _, err := p.Cancel(start); !errors.Is(err, payments.ErrRepeated) {
				t.Errorf("cancelled again: %v", err)
			}
			got, err := transitions()[tc.do](p)
			if err != nil || got.Status != tc.want {
				t.Errorf("got %s, %v; want %s", got.Status, err, tc.want)
			}
		})
	}
	p, _ := inState(payments.Unknown).Cancel(start)
	if _, err := p.ChargeAgain(lease, start); !errors.Is(err, payments.ErrTransition) {
		t.Errorf("a cancelled payment is charged again: %v", err)
	}
}

func TestARefundRoundBeginsOnlyAfterARefusal(t *testing.T) {
	p, _ := inState(payments.Completed).RequestRefund(0, start)
	first := p.RefundKey()
	open, _ := p.RefundUnresolved(start.Add(1), start)
	if open.RefundKey() != first {
		t.Error("a refund whose end is unknown is tried again under another key")
	}
	refused, err := open.RefundRefused(1, "refund_refused", start)
	if err != nil {
		t.Fatal(err)
	}
	second, _ := refused.RequestRefund(0, start)
	if second.RefundKey() == first {
		t.Error("a refund after a refusal has the key that the provider refused")
	}
	if got, err := second.RefundRefused(1, "late", start); !errors.Is(err, payments.ErrRepeated) || got.Status != payments.Refunding {
		t.Errorf("the first round's refusal, late, ended the second round: %s, %v", got.Status, err)
	}
}

func TestOldAttemptsThatProveNothingAreForgotten(t *testing.T) {
	p := inState(payments.Unknown)
	for range payments.MaxAttempts + 50 {
		next, err := p.Force(payments.Lease{}, start)
		if err != nil {
			t.Fatal(err)
		}
		p = next
	}
	if len(p.Attempts) != payments.MaxAttempts || p.Attempts[len(p.Attempts)-1].Number != payments.MaxAttempts+51 {
		t.Errorf("%d attempts up to number %d", len(p.Attempts), p.Attempts[len(p.Attempts)-1].Number)
	}
}

func TestBackoff(t *testing.T) {
	b := payments.Backoff{First: time.Second, Cap: 5 * time.Minute}
	for n, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		if got := b.Delay(n); got != want*time.Second {
			t.Errorf("Delay(%d) = %v, want %v", n, got, want*time.Second)
		}
	}
	if got := b.Delay(1 << 40); got != 5*time.Minute {
		t.Errorf("after ages: %v", got)
	}
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	if err := payments.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if err := (payments.Config{}).Validate(); err == nil {
		t.Error("an empty configuration is fine")
	}
	c := payments.DefaultConfig()
	c.KeyWindow = 25 * time.Hour
	if err := c.Validate(); err == nil {
		t.Error("keys may be charged longer than providers honour them")
	}
}
