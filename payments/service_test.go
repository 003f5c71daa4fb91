package payments_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/payments"
	"gamestore.example/payments/adapter/memory"
	"gamestore.example/payments/paymentstest"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
)

func admin(id string) payments.Reconcile {
	return payments.Reconcile{Actor: payments.Actor{Admin: true}, PaymentID: id}
}

func TestReconcileLooksUpNow(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.LoseAnswer)
	f.accept("pur-1")
	f.step()
	id := f.get("pur-1").ID
	_, err := f.Reconcile(t.Context(), admin(id))
	wantError(t, err, payments.ErrTooSoon)
	if rest := errs.From(err).RetryAfter; rest != time.Second {
		t.Errorf("retry after %v, want 1s", rest)
	}
	f.clock.Advance(time.Second)
	p, err := f.Reconcile(t.Context(), admin(id))
	if err != nil || p.Status != payments.Completed {
		t.Errorf("got %s, %v", p.Status, err)
	}
	f.wantEvents("pur-1 payment.completed")
	if p, err = f.Reconcile(t.Context(), admin(id)); err != nil || p.Status != payments.Completed {
		t.Errorf("again: %s, %v", p.Status, err)
	}
	if n := len(f.provider.Calls()); n != 2 {
		t.Errorf("%d calls", n)
	}
}

func TestReconcileLeavesOtherPaymentsAlone(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	p, err := f.Reconcile(t.Context(), admin(f.get("pur-1").ID))
	if err != nil || p.Status != payments.Pending || len(f.provider.Calls()) != 0 {
		t.Errorf("got %s, %v after %v", p.Status, err, f.provider.Calls())
	}
	for _, id := range []string{"nobody", "", "../etc", strings.Repeat("x", 65)} {
		_, err := f.Reconcile(t.Context(), admin(id))
		wantError(t, err, payments.ErrPaymentNotFound)
	}
}

func TestReconcileWhileAWorkerHasItIsBusy(t *testing.T) {
	f := newFixture(t)
	f.provider.On(payments.KindCharge, paymentstest.LoseAnswer)
	f.accept("pur-1")
	f.step()
	id := f.get("pur-1").ID
	var inside error
	f.provider.OnEnter(func(k payments.Kind, _ string) {
		if k == payments.KindLookup {
			_, inside = f.Reconcile(t.Context(), admin(id))
		}
	})
	f.after(time.Second)
	wantError(t, inside, payments.ErrBusy)
	f.wantStatus("pur-1", payments.Completed, "")
}

func TestEventsCarryTheirOrigin(t *testing.T) {
	var got []payments.Event
	clock, provider := paymentstest.NewClock(), &paymentstest.Provider{}
	encode := paymentstest.NewEncoder()
	repo := memory.NewRepository(func(ctx context.Context, e payments.Event) (outbox.Record, error) {
		got = append(got, e)
		return encode(ctx, e)
	}, outboxmemory.NewStore(clock.Now), outbox.NewSignal())
	resumed := ""
	service, worker, err := payments.New(payments.Deps{
		Repository: repo, Providers: []payments.Provider{provider}, Observer: &paymentstest.Observer{}, Config: testConfig(),
		Now: clock.Now, NewID: paymentstest.IDs("id"), Random: func() float64 { return 0 },
		Resume: func(ctx context.Context, o payments.Origin) context.Context { resumed = o.CausationID; return ctx },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.AcceptPurchase(t.Context(), purchased("message-1", "pur-1")); err != nil {
		t.Fatal(err)
	}
	if _, err := worker.ProcessDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := purchased("message-2", "pur-1")
	if err := service.AcceptPurchase(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if resumed != "message-1" || len(got) != 2 {
		t.Fatalf("resumed %q, %d events", resumed, len(got))
	}
	for i, cause := range []string{"message-1", "message-2"} {
		e := got[i]
		if e.Origin.CausationID != cause || e.Origin.CorrelationID != "request-1" || e.Sequence != 3 || e.PaymentID != "id-1" {
			t.Errorf("event %d: %+v", i, e)
		}
	}
}

func TestAResultIsStoredOnceTheStoreIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := 3
		f := newFixtureWith(t, testConfig(), func(r payments.Repository) payments.Repository {
			return &flaky{Repository: r, fail: func() error {
				if failures--; failures >= 0 {
					return errs.New(errs.Unavailable, "", "the store is down")
				}
				return nil
			}}
		})
		f.accept("pur-1")
		f.step()
		f.wantStatus("pur-1", payments.Completed, "")
	})
}

func TestAResultThatCannotBeStoredIsFoundAgainAfterTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		f := newFixtureWith(t, testConfig(), func(r payments.Repository) payments.Repository {
			return &flaky{Repository: r, fail: func() error {
				if down {
					return errs.New(errs.Unavailable, "", "the store is down")
				}
				return nil
			}}
		})
		f.accept("pur-1")
		f.step()
		f.wantStatus("pur-1", payments.Charging, "")
		if f.observer.Count("stuck") != 1 {
			t.Error("nobody heard that the result is lost")
		}
		down = false
		f.after(30 * time.Second)
		f.wantStatus("pur-1", payments.Completed, "")
		f.wantMoney("pur-1", 1999)
	})
}

func TestALateAnswerOfALostLeaseStillCounts(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	f.provider.OnEnter(func(k payments.Kind, _ string) {
		if k != payments.KindCharge {
			return
		}
		f.provider.OnEnter(nil)
		f.provider.On(payments.KindLookup, paymentstest.Fail)
		f.after(30 * time.Second) // the call takes too long; another worker takes over
		f.wantStatus("pur-1", payments.Unknown, "")
	})
	f.step()
	f.wantStatus("pur-1", payments.Completed, "")
	f.wantEvents("pur-1 payment.completed")
	f.wantAttempts("pur-1", "1 charge charged ; 2 lookup unknown provider_error")
}

func TestALateNoOfALostLeaseDoesNotReopenThePayment(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	f.provider.OnEnter(func(k payments.Kind, _ string) {
		if k != payments.KindCharge {
			return
		}
		f.provider.OnEnter(nil)
		f.provider.On(payments.KindLookup, paymentstest.Fail)
		f.after(30 * time.Second)
		f.provider.On(payments.KindCharge, paymentstest.NotReached)
	})
	f.step()
	f.wantStatus("pur-1", payments.Unknown, "")
	f.wantAttempts("pur-1", "1 charge not_charged not_reached; 2 lookup unknown provider_error")
}

func TestNewRefusesWhatIsIncomplete(t *testing.T) {
	if _, _, err := payments.New(payments.Deps{}); errs.ClassOf(err) != errs.Invalid {
		t.Errorf("no dependencies: %v", err)
	}
	_, _, err := payments.New(payments.Deps{
		Repository: memory.NewRepository(nil, nil, outbox.NewSignal()), Providers: []payments.Provider{&paymentstest.Provider{}},
		Observer: &paymentstest.Observer{}, Now: time.Now, NewID: paymentstest.IDs("x"), Random: rand.Float64,
	})
	if errs.ClassOf(err) != errs.Invalid {
		t.Errorf("no configuration: %v", err)
	}
}

func TestALateResultLeavesTheNextWorkersLease(t *testing.T) {
	f := newFixture(t)
	f.accept("pur-1")
	next := payments.Lease{ID: "the next worker"}
	f.provider.On(payments.KindCharge, paymentstest.Fail)
	f.provider.OnEnter(func(payments.Kind, string) {
		f.clock.Advance(30 * time.Second)
		next.Until = f.clock.Now().Add(30 * time.Second)
		_, err := f.repo.Claim(t.Context(), f.clock.Now(), 1, func(p payments.Payment) (payments.Payment, error) {
			return p.Start(next, f.clock.Now())
		})
		f.must(err)
	})
	f.step()
	if p := f.get("pur-1"); p.Lease != next || !p.DueAt.Equal(next.Until) {
		t.Errorf("leased to %+v until %v, want %+v", p.Lease, p.DueAt, next)
	}
}
