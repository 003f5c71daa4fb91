package memory_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
	"gamestore.example/users"
	"gamestore.example/users/adapter/memory"
	"gamestore.example/users/userstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRepository(t *testing.T) {
	userstest.RunRepository(t, func(_ *testing.T, encode userstest.Encoder) userstest.Harness {
		store, signal := outboxmemory.NewStore(time.Now), outbox.NewSignal()
		return userstest.Harness{Repo: memory.NewRepository(encode, store, signal), Outbox: store, Signal: signal}
	})
}

func newThrottle(t *testing.T, attempts, keys int) (*memory.Throttle, *userstest.Clock) {
	t.Helper()
	clock := userstest.NewClock()
	throttle, err := memory.NewThrottle(memory.ThrottleConfig{Attempts: attempts, Window: 5 * time.Minute, Keys: keys}, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return throttle, clock
}

// taken returns how many attempts in a row the key has, up to a bound.
func taken(t *testing.T, throttle *memory.Throttle, key string) int {
	t.Helper()
	for n := range 100 {
		if err := throttle.Take(key); err != nil {
			if !errors.Is(err, users.ErrTooManyAttempts) {
				t.Fatal(err)
			}
			return n
		}
	}
	return 100
}

func TestThrottleCountsByKeyAndGivesAttemptsBackOneByOne(t *testing.T) {
	throttle, clock := newThrottle(t, 10, 100)
	if n := taken(t, throttle, "ana"); n != 10 {
		t.Errorf("a fresh key has %d attempts, want 10", n)
	}
	if n := taken(t, throttle, "bea"); n != 10 {
		t.Errorf("another key has %d attempts, want 10", n)
	}
	var e *errs.Error
	if err := throttle.Take("ana"); !errors.As(err, &e) || e.RetryAfter != 30*time.Second {
		t.Errorf("got %v with %v; want to be told to wait 30s", err, e)
	}
	clock.Advance(29 * time.Second)
	if n := taken(t, throttle, "ana"); n != 0 {
		t.Errorf("after 29 s there are %d attempts, want 0", n)
	}
	clock.Advance(time.Second)
	if n := taken(t, throttle, "ana"); n != 1 {
		t.Errorf("after 30 s there are %d attempts, want 1", n)
	}
	clock.Advance(24 * time.Hour)
	if n := taken(t, throttle, "ana"); n != 10 {
		t.Errorf("after a day there are %d attempts, want 10", n)
	}
}

func TestThrottleTakesAttemptsBack(t *testing.T) {
	throttle, clock := newThrottle(t, 3, 100)
	for range 50 {
		if err := throttle.Take("ana"); err != nil {
			t.Fatal(err)
		}
		throttle.GiveBack("ana")
	}
	throttle.GiveBack("ana") // never more than all
	if n := taken(t, throttle, "ana"); n != 3 {
		t.Errorf("there are %d attempts, want 3", n)
	}
	clock.Advance(-time.Hour) // a clock that is set back
	if n := taken(t, throttle, "ana"); n != 0 {
		t.Errorf("with the clock set back there are %d attempts, want 0", n)
	}
}

func TestThrottleForgetsTheKeyNotUsedForTheLongest(t *testing.T) {
	throttle, _ := newThrottle(t, 1, 2)
	for i := range 3 {
		if n := taken(t, throttle, fmt.Sprint(i)); n != 1 {
			t.Errorf("key %d has %d attempts, want 1", i, n)
		}
	}
	if n := taken(t, throttle, "2"); n != 0 {
		t.Errorf("a remembered key has %d attempts, want 0", n)
	}
}

func TestThrottleRefusesNonsense(t *testing.T) {
	for _, cfg := range []memory.ThrottleConfig{{}, {Attempts: 1, Window: time.Minute}, {Attempts: 1, Keys: 1}, {Window: time.Minute, Keys: 1}} {
		if _, err := memory.NewThrottle(cfg, time.Now); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}
