package guard_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/kit/endpoint"
	"go.uber.org/goleak"

	"gamestore.example/payments"
	"gamestore.example/payments/adapter/guard"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/payments/paymentstest"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/middleware"
)

func TestMain(m *testing.M) {
	// A breaker's goroutine lives as long as the process.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/streadway/handy/breaker.breaker.run"))
}

func newGuard(t *testing.T, next payments.Provider, timeout time.Duration, fs ...middleware.Factory) *guard.Provider {
	t.Helper()
	p, err := guard.New(next, timeout, middleware.Chain(fs...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var request = payments.ChargeRequest{Key: "k1", Reference: "pur-1", Amount: paymentstest.BRL(1999)}

// TestProvider: what a provider promises holds through the guard.
func TestProvider(t *testing.T) {
	paymentstest.RunProvider(t, func(t *testing.T) paymentstest.ProviderHarness {
		clock := paymentstest.NewClock()
		sim, err := simulated.NewProvider(simulated.Config{Secret: []byte("a secret of the tests")}, simulated.NewMemoryLedger(), clock.Now, paymentstest.IDs("id"))
		if err != nil {
			t.Fatal(err)
		}
		find := func(t *testing.T, key string) simulated.Entry {
			entries, err := sim.Ledger(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if e.Key == key {
					return e
				}
			}
			return simulated.Entry{}
		}
		return paymentstest.ProviderHarness{
			Provider: newGuard(t, sim, time.Minute, middleware.Recover(), middleware.Breaker("provider", 0.5)),
			Approved: simulated.Approved, Declined: simulated.Declined, DeclineReason: simulated.ReasonCardDeclined,
			Advance: clock.Advance,
			Charges: func(t *testing.T, key string) int { return find(t, key).Charges },
			Held:    func(t *testing.T, key string) int64 { return find(t, key).Held() },
			Webhook: func(t *testing.T, key string) (map[string]string, []byte) {
				headers, body, err := sim.Notify(t.Context(), key)
				if err != nil {
					t.Fatal(err)
				}
				return headers, body
			},
		}
	})
}

type hanging struct{ paymentstest.Provider }

func (*hanging) Charge(ctx context.Context, _ payments.ChargeRequest) (payments.Charge, error) {
	<-ctx.Done()
	return payments.Charge{}, ctx.Err()
}

func TestACallTakesItsTimeoutAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newGuard(t, &hanging{}, 3*time.Second)
		begin := time.Now()
		_, err := p.Charge(t.Context(), request)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, payments.ErrNotCharged) || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
	if _, err := guard.New(&hanging{}, 0, middleware.Chain()); errs.ClassOf(err) != errs.Invalid {
		t.Errorf("no timeout: %v", err)
	}
}

type panicking struct{ paymentstest.Provider }

func (*panicking) Charge(context.Context, payments.ChargeRequest) (payments.Charge, error) {
	panic("a bug in an adapter")
}

func TestAPanicIsAnAnswerThatProvesNothing(t *testing.T) {
	p := newGuard(t, &panicking{}, time.Second, middleware.Recover())
	var declined *payments.DeclinedError
	if _, err := p.Charge(t.Context(), request); err == nil || errors.As(err, &declined) || errors.Is(err, payments.ErrNotCharged) {
		t.Errorf("got %v", err)
	}
}

func TestAnOpenBreakerMeansNotCharged(t *testing.T) {
	provider := &paymentstest.Provider{}
	for range 100 {
		provider.On(payments.KindCharge, paymentstest.Fail)
	}
	p := newGuard(t, provider, time.Second, middleware.Breaker("provider", 0.5))
	refused := 0
	for range 100 {
		if _, err := p.Charge(t.Context(), request); errors.Is(err, payments.ErrNotCharged) {
			refused++
		}
	}
	if calls := len(provider.Calls()); refused == 0 || calls+refused != 100 {
		t.Errorf("%d calls got through and %d were refused", calls, refused)
	}
	if _, err := p.Lookup(t.Context(), "k1"); !errors.Is(err, payments.ErrUnknownKey) {
		t.Errorf("the breaker of charges stops look-ups: %v", err)
	}
}

func TestADefiniteNoIsNoOutage(t *testing.T) {
	provider := &paymentstest.Provider{}
	seen := 0
	count := func(string) endpoint.Middleware {
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			return func(ctx context.Context, r any) (any, error) {
				resp, err := next(ctx, r)
				if err != nil {
					seen++
				}
				return resp, err
			}
		}
	}
	p := newGuard(t, provider, time.Second, count, middleware.Breaker("provider", 0.5))
	for range 50 {
		if _, err := p.Lookup(t.Context(), "nobody"); !errors.Is(err, payments.ErrUnknownKey) {
			t.Fatalf("look-up: %v", err)
		}
	}
	for range 50 {
		provider.On(payments.KindCharge, paymentstest.Decline)
		var declined *payments.DeclinedError
		if _, err := p.Charge(t.Context(), request); !errors.As(err, &declined) || declined.Reason != paymentstest.DeclineReason {
			t.Fatalf("charge: %v", err)
		}
	}
	if seen != 0 {
		t.Errorf("%d answers looked like errors", seen)
	}
}
