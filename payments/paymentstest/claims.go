package paymentstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/payments"
)

func (s *suite) claim(t *testing.T, limit int, leaseID string) []payments.Payment {
	t.Helper()
	claimed, err := s.Repo.Claim(t.Context(), s.clock.Now(), limit, s.start(leaseID))
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return claimed
}

func (s *suite) start(leaseID string) func(payments.Payment) (payments.Payment, error) {
	return func(p payments.Payment) (payments.Payment, error) {
		return p.Start(payments.Lease{ID: leaseID, Until: s.clock.Now().Add(time.Minute)}, s.clock.Now())
	}
}

func claimOrder(t *testing.T, s *suite) {
	for n, delay := range []time.Duration{3, 1, 2, 9} {
		p := s.payment(n)
		p.DueAt = p.DueAt.Add(delay * time.Second)
		s.accept(t, p)
	}
	idle := s.payment(4)
	idle.DueAt = time.Time{}
	s.accept(t, idle)
	if got := s.claim(t, 10, "a"); len(got) != 0 {
		t.Fatalf("claimed before anything is due: %v", ids(got))
	}
	s.clock.Advance(3 * time.Second)
	if got := ids(s.claim(t, 2, "a")); !cmp.Equal(got, []string{"pay-1", "pay-2"}) {
		t.Errorf("claimed %v, want the two that were due first", got)
	}
	if got := ids(s.claim(t, 10, "b")); !cmp.Equal(got, []string{"pay-0"}) {
		t.Errorf("claimed %v, want the third", got)
	}
}

func ids(ps []payments.Payment) []string {
	var list []string
	for _, p := range ps {
		list = append(list, p.ID)
	}
	return list
}

func takeover(t *testing.T, s *suite) {
	s.accept(t, s.payment(1))
	if got := s.claim(t, 10, "a"); len(got) != 1 {
		t.Fatalf("claimed %v", ids(got))
	}
	s.clock.Advance(time.Minute - time.Microsecond)
	if got := s.claim(t, 10, "b"); len(got) != 0 {
		t.Fatalf("taken over too soon: %v", ids(got))
	}
	s.clock.Advance(time.Microsecond)
	got := s.claim(t, 10, "b")
	if len(got) != 1 || got[0].Status != payments.Unknown || got[0].Lease.ID != "b" {
		t.Fatalf("taken over: %+v", got)
	}
	if a := got[0].Attempts; len(a) != 2 || a[0].Reason != payments.ReasonInterrupted || a[1].Kind != payments.KindLookup {
		t.Errorf("attempts: %+v", a)
	}
	stored, err := s.Repo.Get(t.Context(), payments.ByID("pay-1"))
	if d := cmp.Diff(got[0], stored); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
}

func claimFails(t *testing.T, s *suite) {
	s.accept(t, s.payment(1))
	s.accept(t, s.payment(2))
	n := 0
	_, err := s.Repo.Claim(t.Context(), s.clock.Now(), 10, func(p payments.Payment) (payments.Payment, error) {
		if n++; n == 2 {
			return p, errRefused
		}
		return s.start("a")(p)
	})
	if !errors.Is(err, errRefused) {
		t.Errorf("got %v", err)
	}
	if got := s.claim(t, 10, "b"); len(got) != 2 {
		t.Errorf("claimed %v afterwards, want both", ids(got))
	}
}

func counts(t *testing.T, s *suite) {
	for n, status := range []payments.Status{payments.Pending, payments.ManualReview, payments.ManualReview, payments.Completed} {
		p := s.payment(n)
		p.Status = status
		s.accept(t, p)
	}
	_, err := s.Repo.Change(t.Context(), payments.ByID("pay-1"), payments.Message{}, func(p payments.Payment) (payments.Payment, []payments.Event, error) {
		p, err := p.Captured("ref", s.clock.Now())
		return p, nil, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for status, want := range map[payments.Status]int64{
		payments.Pending: 1, payments.ManualReview: 1, payments.Completed: 2, payments.Unknown: 0,
	} {
		if got, err := s.Repo.Count(t.Context(), status); err != nil || got != want {
			t.Errorf("%d payments are %s, %v; want %d", got, status, err, want)
		}
	}
}

func endedContext(t *testing.T, s *suite) {
	s.accept(t, s.payment(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, acceptErr := s.Repo.Accept(ctx, payments.Message{}, s.payment(2), unchanged)
	_, changeErr := s.Repo.Change(ctx, payments.ByID("pay-1"), payments.Message{}, touch)
	_, claimErr := s.Repo.Claim(ctx, s.clock.Now(), 1, s.start("a"))
	_, getErr := s.Repo.Get(ctx, payments.ByID("pay-1"))
	_, countErr := s.Repo.Count(ctx, payments.ManualReview)
	for name, err := range map[string]error{
		"Accept": acceptErr, "Change": changeErr, "Claim": claimErr, "Get": getErr, "Count": countErr,
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.unchanged(t)
}

func aliasing(t *testing.T, s *suite) {
	s.accept(t, s.payment(1))
	claimed := s.claim(t, 1, "a")[0]
	claimed.Attempts[0].Reason = "written by the caller"
	claimed.Origin.Trace["traceparent"] = "written by the caller"
	got, err := s.Repo.Get(t.Context(), payments.ByID("pay-1"))
	if err != nil || got.Attempts[0].Reason != "" || got.Origin.Trace["traceparent"] != "00-1" {
		t.Errorf("%v, %+v, %v", got.Attempts, got.Origin, err)
	}
}
