package security_test

import (
	"crypto/rand"
	"runtime"
	"strconv"
	"testing"
	"time"

	"gamestore.example/pkg/middleware"
	"gamestore.example/users/adapter/memory"
)

// strangers are more keys than anything here remembers.
const strangers = 1_000_000

// TestManyStrangers counts a million addresses and a million accounts: what is kept of them
// must not grow with them, and who came often must be known after a crowd that fits.
func TestManyStrangers(t *testing.T) {
	const (
		bound      = 64 << 20 // a million keys would be 200 MiB and more
		remembered = 50_000   // addresses of one class at the gateway
		accounts   = 100_000  // of the throttle
	)
	prefix := rand.Text()
	begin := heap()
	limiter, err := middleware.NewLimiter(1, 1, remembered)
	if err != nil {
		t.Fatal(err)
	}
	throttle, err := memory.NewThrottle(memory.ThrottleConfig{Attempts: 1, Window: time.Hour, Keys: accounts}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range strangers {
		key := prefix + strconv.Itoa(i)
		if ok, _ := limiter.Allow(key); !ok {
			t.Fatalf("stranger %d is refused for what others did", i)
		}
		if err := throttle.Take(key); err != nil {
			t.Fatalf("account %d: %v", i, err)
		}
	}
	if grown := heap() - begin; grown > bound {
		t.Errorf("a million strangers are remembered with %d MiB", grown>>20)
	}
	last := prefix + strconv.Itoa(strangers-1)
	if err := throttle.Take(last); err == nil {
		t.Error("the last one is forgotten")
	}
	runtime.KeepAlive(limiter)
}

// heap is how much is in use after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // it fits
}
