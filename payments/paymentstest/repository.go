package paymentstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/payments"
	"gamestore.example/pkg/outbox"
)

// Harness is one empty repository and the outbox that it writes to.
type Harness struct {
	Repo   payments.Repository
	Outbox outbox.Store
}

// RunRepository checks what every payments.Repository promises. newHarness returns an
// empty repository each time; it must encode its events with the Encoder.
func RunRepository(t *testing.T, newHarness func(t *testing.T, encode Encoder) Harness) {
	for name, test := range map[string]func(*testing.T, *suite){
		"APaymentComesBackAsItWasStored":         roundTrip,
		"AMessageIsTakenOnce":                    messageOnce,
		"AKnownPurchaseKeepsItsPayment":          knownPurchase,
		"WhatFailsLeavesNothing":                 failureLeavesNothing,
		"WhatCannotBeEncodedLeavesNothing":       encodingFailure,
		"AnUnknownPaymentIsNotFound":             notFound,
		"NoChangeWritesEventsAlone":              eventsAlone,
		"TwentyWorkersAcceptAPurchaseOnce":       acceptRace,
		"TwentyWorkersLoseNoUpdate":              updateRace,
		"TwentyWorkersClaimEachPaymentOnce":      claimRace,
		"TwentyWorkersChargeEachPaymentOnce":     chargeRace,
		"ClaimsComeInOrderAndUpToTheLimit":       claimOrder,
		"AClaimIsTakenOverWhenItsTimeIsOver":     takeover,
		"AClaimThatFailsClaimsNothing":           claimFails,
		"PaymentsAreCountedByState":              counts,
		"AnEndedContextIsRespected":              endedContext,
		"WhatIsReturnedSharesNothingWithTheRest": aliasing,
	} {
		t.Run(name, func(t *testing.T) {
			s := &suite{clock: NewClock()}
			encode := NewEncoder()
			s.Harness = newHarness(t, func(ctx context.Context, e payments.Event) (outbox.Record, error) {
				if e.Reason == "unspeakable" {
					return outbox.Record{}, errUnspeakable
				}
				return encode(ctx, e)
			})
			test(t, s)
		})
	}
}

var (
	errUnspeakable = errors.New("this event cannot be encoded")
	errRefused     = errors.New("refused by the test")
)

type suite struct {
	Harness
	clock *Clock
}

func (s *suite) payment(n int) payments.Payment {
	return payments.NewPayment(payments.Payment{
		ID: fmt.Sprintf("pay-%d", n), PurchaseID: fmt.Sprintf("pur-%d", n), UserID: "ana", Amount: BRL(1999),
		Method: "tok_approved", Provider: "scripted",
		Origin: payments.Origin{CorrelationID: "req-1", CausationID: "evt-1", Trace: map[string]string{"traceparent": "00-1"}},
	}, s.clock.Now())
}

func (s *suite) accept(t *testing.T, p payments.Payment) {
	t.Helper()
	if _, err := s.Repo.Accept(t.Context(), payments.Message{Consumer: "c", ID: "m-" + p.ID}, p, unchanged); err != nil {
		t.Fatalf("accept: %v", err)
	}
}

// published drains the outbox and returns the bodies.
func (s *suite) published(t *testing.T) []string {
	t.Helper()
	records, err := s.Outbox.Claim(t.Context(), "suite", 1000, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, r := range records {
		bodies = append(bodies, strings.TrimSpace(string(r.Message.Body)))
	}
	return bodies
}

func unchanged(p payments.Payment) (payments.Payment, []payments.Event, error) { return p, nil, nil }

// touch counts in the reason, as a change that depends on what was there.
func touch(p payments.Payment) (payments.Payment, []payments.Event, error) {
	p.Tries++
	p.Version++
	return p, []payments.Event{{Name: payments.PaymentFailed, PaymentID: p.ID, PurchaseID: p.PurchaseID, Reason: "touched"}}, nil
}

func roundTrip(t *testing.T, s *suite) {
	full := s.payment(1)
	full.Status, full.Reason, full.Reference = payments.Refunding, "r", "ref"
	full.CancelRequested, full.RefundRound, full.Tries, full.Answered = true, 2, 3, 4
	at := s.clock.Now()
	full.FirstChargeAt, full.UnknownSince, full.DueAt = at.Add(1*time.Second), at.Add(2*time.Second), at.Add(3*time.Second)
	full.Lease = payments.Lease{ID: "lease-1", Until: at.Add(3 * time.Second)}
	full.Attempts = []payments.Attempt{
		{Number: 1, Kind: payments.KindCharge, StartedAt: at, FinishedAt: at.Add(time.Microsecond), Outcome: payments.OutcomeUnknown, Reason: "timeout"},
		{Number: 7, Kind: payments.KindLookup, StartedAt: at},
	}
	plain := s.payment(2)
	plain.Origin = payments.Origin{}
	for _, want := range []payments.Payment{full, plain} {
		s.accept(t, want)
		for _, sel := range []payments.Selector{payments.ByID(want.ID), payments.ByPurchase(want.PurchaseID)} {
			got, err := s.Repo.Get(t.Context(), sel)
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("accepted %v, %v:\n%s", sel, err, d)
			}
		}
	}
	changed := full
	changed.Status, changed.Version, changed.UpdatedAt = payments.Refunded, 9, at.Add(time.Hour)
	changed.DueAt, changed.Lease, changed.Origin = time.Time{}, payments.Lease{}, payments.Origin{CorrelationID: "other"}
	changed.Attempts = append(slices.Clone(full.Attempts), payments.Attempt{Number: 8, Kind: payments.KindWebhook, StartedAt: at, FinishedAt: at})
	got, err := s.Repo.Change(t.Context(), payments.ByID(full.ID), payments.Message{}, func(payments.Payment) (payments.Payment, []payments.Event, error) {
		return changed, nil, nil
	})
	if d := cmp.Diff(changed, got); err != nil || d != "" {
		t.Errorf("changed, %v:\n%s", err, d)
	}
	if got, err = s.Repo.Get(t.Context(), payments.ByID(full.ID)); err != nil || !cmp.Equal(changed, got) {
		t.Errorf("read after the change, %v:\n%s", err, cmp.Diff(changed, got))
	}
}

func messageOnce(t *testing.T, s *suite) {
	s.accept(t, s.payment(1))
	m := payments.Message{Consumer: "c", ID: "m-2"}
	for range 3 {
		p, err := s.Repo.Change(t.Context(), payments.ByID("pay-1"), m, touch)
		if err != nil || p.Tries != 1 {
			t.Fatalf("tries %d, %v; want 1", p.Tries, err)
		}
	}
	if p, err := s.Repo.Change(t.Context(), payments.ByID("pay-1"), payments.Message{Consumer: "other", ID: "m-2"}, touch); err != nil || p.Tries != 2 {
		t.Errorf("another consumer of the message: tries %d, %v", p.Tries, err)
	}
	if got := s.published(t); len(got) != 2 {
		t.Errorf("published %q", got)
	}
	again := s.payment(1)
	p, err := s.Repo.Accept(t.Context(), payments.Message{Consumer: "c", ID: "m-pay-1"}, again, touch)
	if err != nil || p.Tries != 2 {
		t.Errorf("the accepting message again: tries %d, %v", p.Tries, err)
	}
}

func knownPurchase(t *testing.T, s *suite) {
	s.accept(t, s.payment(1))
	second := s.payment(2)
	second.PurchaseID = "pur-1"
	p, err := s.Repo.Accept(t.Context(), payments.Message{Consumer: "c", ID: "m-2"}, second, touch)
	if err != nil || p.ID != "pay-1" || p.Tries != 1 {
		t.Errorf("got %s with %d tries, %v", p.ID, p.Tries, err)
	}
	if _, err := s.Repo.Get(t.Context(), payments.ByID("pay-2")); !errors.Is(err, payments.ErrPaymentNotFound) {
		t.Errorf("the second payment of the purchase: %v", err)
	}
	if got := s.published(t); !slices.Equal(got, []string{"pur-1 payment.failed touched"}) {
		t.Errorf("published %q", got)
	}
}

func failureLeavesNothing(t *testing.T, s *suite) {
	s.accept(t, s.payment(1))
	m := payments.Message{Consumer: "c", ID: "m-2"}
	refuse := func(p payments.Payment) (payments.Payment, []payments.Event, error) {
		p, events, _ := touch(p)
		return p, events, errRefused
	}
	if _, err := s.Repo.Change(t.Context(), payments.ByID("pay-1"), m, refuse); !errors.Is(err, errRefused) {
		t.Errorf("change: %v", err)
	}
	if _, err := s.Repo.Accept(t.Context(), m, s.payment(1), refuse); !errors.Is(err, errRefused) {
		t.Errorf("accept: %v", err)
	}
	s.unchanged(t)
	if p, err := s.Repo.Change(t.Context(), payments.ByID("pay-1"), m, touch); err != nil || p.Tries != 1 {
		t.Errorf("the message was remembered although its effect failed: tries %d, %v", p.Tries, err)
	}
}

// unchanged checks that pay-1 is as it was accepted and nothing was published.
func (s *suite) unchanged(t *testing.T) {
	t.Helper()
	got, err := s.Repo.Get(t.Context(), payments.ByID("pay-1"))
	if d := cmp.Diff(s.payment(1), got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	if got := s.published(t); len(got) != 0 {
		t.Errorf("published %q", got)
	}
}

func encodingFailure(t *testing.T, s *suite) {
	s.accept(t, s.payment(1))
	m := payments.Message{Consumer: "c", ID: "m-2"}
	_, err := s.Repo.Change(t.Context(), payments.ByID("pay-1"), m, func(p payments.Payment) (payments.Payment, []payments.Event, error) {
		p, events, _ := touch(p)
		return p, append(events, payments.Event{Name: payments.PaymentFailed, Reason: "unspeakable"}), nil
	})
	if !errors.Is(err, errUnspeakable) {
		t.Errorf("got %v", err)
	}
	s.unchanged(t)
}

func notFound(t *testing.T, s *suite) {
	m := payments.Message{Consumer: "c", ID: "m-1"}
	for _, sel := range []payments.Selector{payments.ByID("pay-1"), payments.ByPurchase("pur-1")} {
		if _, err := s.Repo.Get(t.Context(), sel); !errors.Is(err, payments.ErrPaymentNotFound) {
			t.Errorf("get: %v", err)
		}
		if _, err := s.Repo.Change(t.Context(), sel, m, touch); !errors.Is(err, payments.ErrPaymentNotFound) {
			t.Errorf("change: %v", err)
		}
	}
	s.accept(t, s.payment(1))
	if p, err := s.Repo.Change(t.Context(), payments.ByID("pay-1"), m, touch); err != nil || p.Tries != 1 {
		t.Errorf("the message came too soon and is lost now: tries %d, %v", p.Tries, err)
	}
}

func eventsAlone(t *testing.T, s *suite) {
	s.accept(t, s.payment(1))
	p, err := s.Repo.Change(t.Context(), payments.ByID("pay-1"), payments.Message{}, func(p payments.Payment) (payments.Payment, []payments.Event, error) {
		_, events, _ := touch(p)
		return p, events, nil
	})
	if d := cmp.Diff(s.payment(1), p); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	if got := s.published(t); len(got) != 1 {
		t.Errorf("published %q", got)
	}
}
