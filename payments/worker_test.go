package payments_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/payments"
	"gamestore.example/payments/paymentstest"
)

// running starts the worker and returns what stops it and waits for it.
func running(f *fixture) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.worker.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("the worker ended with %v", err)
		}
	}
}

func TestTheWorkerIsWokenByACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Poll = time.Hour
		f := newFixtureWith(t, cfg, nil)
		stop := running(f)
		synctest.Wait()
		begin := time.Now()
		for n := range 100 { // many more than fit at once
			f.accept(fmt.Sprintf("pur-%d", n))
		}
		synctest.Wait()
		for n := range 100 {
			f.wantStatus(fmt.Sprintf("pur-%d", n), payments.Completed, "")
		}
		if time.Since(begin) != 0 {
			t.Errorf("it took %v", time.Since(begin))
		}
		f.requestRefund("pur-1")
		synctest.Wait()
		f.wantStatus("pur-1", payments.Refunded, "")
		stop()
	})
}

func TestTheWorkerPollsForWhatBecomesDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.provider.On(payments.KindCharge, paymentstest.LoseAnswer)
		stop := running(f)
		f.accept("pur-1")
		synctest.Wait()
		f.wantStatus("pur-1", payments.Unknown, "")
		f.clock.Advance(time.Minute)
		time.Sleep(1100 * time.Millisecond) // synctest's clock
		synctest.Wait()
		f.wantStatus("pur-1", payments.Completed, "")
		stop()
	})
}

func TestTheWorkerNeverDrivesMoreThanItsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		release, inside := make(chan struct{}), make(chan struct{}, 100)
		f.provider.OnEnter(func(payments.Kind, string) { inside <- struct{}{}; <-release })
		stop := running(f)
		for n := range 20 {
			f.accept(fmt.Sprintf("pur-%d", n))
		}
		synctest.Wait()
		if n := len(inside); n != 8 {
			t.Errorf("%d calls at once, want 8", n)
		}
		close(release)
		synctest.Wait()
		if n := len(inside); n != 20 {
			t.Errorf("%d calls in the end, want 20", n)
		}
		stop()
	})
}

func TestTheWorkerLetsCallsUnderWayFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.provider.OnEnter(func(payments.Kind, string) { time.Sleep(2 * time.Second) })
		stop := running(f)
		f.accept("pur-1")
		synctest.Wait()
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("stopped after %v", took)
		}
		f.wantStatus("pur-1", payments.Completed, "")
	})
}

func TestTheWorkerGivesUpCallsThatTakeTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		hang := &hanging{Provider: f.provider}
		service, worker, err := payments.New(payments.Deps{
			Repository: f.repo, Providers: []payments.Provider{hang}, Observer: f.observer, Config: testConfig(),
			Now: f.clock.Now, NewID: paymentstest.IDs("hang"), Random: func() float64 { return 0.5 },
		})
		f.must(err)
		f.Service, f.worker = service, worker
		stop := running(f)
		f.accept("pur-1")
		synctest.Wait()
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != 4*time.Second {
			t.Errorf("stopped after %v, want the grace of 4s", took)
		}
		f.wantStatus("pur-1", payments.Unknown, "")
	})
}

// hanging answers a charge only when its caller gives up.
type hanging struct{ *paymentstest.Provider }

func (h *hanging) Charge(ctx context.Context, _ payments.ChargeRequest) (payments.Charge, error) {
	<-ctx.Done()
	return payments.Charge{}, ctx.Err()
}

func TestTheWorkerOutlivesAStoreThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := &downClaims{}
		f := newFixtureWith(t, testConfig(), func(r payments.Repository) payments.Repository {
			down.Repository = r
			return down
		})
		f.accept("pur-1")
		down.down.Store(true)
		stop := running(f)
		synctest.Wait()
		if f.observer.Count("claim failed") == 0 {
			t.Error("nobody heard of it")
		}
		down.down.Store(false)
		time.Sleep(1100 * time.Millisecond) // synctest's clock
		synctest.Wait()
		f.wantStatus("pur-1", payments.Completed, "")
		stop()
	})
}

type downClaims struct {
	payments.Repository
	down atomic.Bool
}

func (d *downClaims) Claim(
	ctx context.Context, now time.Time, limit int, start func(payments.Payment) (payments.Payment, error),
) ([]payments.Payment, error) {
	if d.down.Load() {
		return nil, errors.New("disk full")
	}
	return d.Repository.Claim(ctx, now, limit, start)
}
