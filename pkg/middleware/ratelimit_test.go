package middleware_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/middleware"
)

func newLimiter(t *testing.T, perSecond float64, burst, keys int) *middleware.Limiter {
	t.Helper()
	l, err := middleware.NewLimiter(perSecond, burst, keys)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestALimiterAllowsABurstThenARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, 0.5, 3, 10)
		for i := range 3 {
			if ok, _ := l.Allow("a"); !ok {
				t.Fatalf("call %d of the burst is refused", i)
			}
		}
		for range 100 { // refused calls cost nothing
			if ok, wait := l.Allow("a"); ok || wait != 2*time.Second {
				t.Fatalf("got %v, %v; want a wait of 2s", ok, wait)
			}
		}
		if ok, _ := l.Allow("b"); !ok {
			t.Error("another key is refused")
		}
		time.Sleep(2*time.Second - time.Nanosecond)
		if ok, _ := l.Allow("a"); ok {
			t.Error("allowed too early")
		}
		time.Sleep(time.Nanosecond)
		if ok, wait := l.Allow("a"); !ok {
			t.Errorf("refused after the wait it named: %v more", wait)
		}
	})
}

func TestALimiterForgetsTheKeyNotUsedForLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, 0.001, 1, 2)
		for _, step := range []struct {
			key string
			ok  bool
		}{{"a", true}, {"b", true}, {"a", false}, {"c", true}, {"a", false}, {"b", true}} {
			if ok, _ := l.Allow(step.key); ok != step.ok {
				t.Errorf("%s: %v, want %v", step.key, ok, step.ok)
			}
		}
	})
}

func TestALimiterIsExactUnderConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, 1, 20, 100)
		var allowed atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				for range 20 {
					if ok, _ := l.Allow("a"); ok {
						allowed.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if got := allowed.Load(); got != 20 {
			t.Errorf("%d calls are allowed, want 20", got)
		}
	})
}

func TestRateLimitIsPerUser(t *testing.T) {
	calls := 0
	next := func(context.Context, any) (any, error) { calls++; return nil, nil }
	ep := middleware.RateLimit(newLimiter(t, 0.001, 2, 10), nil)("buy")(next)
	for user := range 3 {
		ctx := auth.WithPrincipal(t.Context(), auth.Principal{UserID: strconv.Itoa(user)})
		for i := range 3 {
			_, err := ep(ctx, nil)
			if limited := errors.Is(err, middleware.ErrRateLimited); limited != (i == 2) {
				t.Errorf("user %d, call %d: %v", user, i, err)
			}
			if err != nil && errs.From(err).RetryAfter <= 0 {
				t.Error("no time to retry")
			}
		}
	}
	if calls != 6 {
		t.Errorf("%d calls went through, want 6", calls)
	}
}

func TestALimiterThatAllowsNothingIsRefused(t *testing.T) {
	for _, l := range []struct {
		rate        float64
		burst, keys int
	}{{0, 1, 1}, {-1, 1, 1}, {1, 0, 1}, {1, 1, 0}} {
		if _, err := middleware.NewLimiter(l.rate, l.burst, l.keys); err == nil {
			t.Errorf("%+v is accepted", l)
		}
	}
}
