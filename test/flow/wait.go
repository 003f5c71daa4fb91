package flow

import (
	"testing"
	"time"
)

// Patience is how long a test waits for what must happen: long, because a machine may
// stall. Only a test that fails waits that long.
const Patience = 2 * time.Minute

// pollEvery is how often it looks.
const pollEvery = 2 * time.Millisecond

// Eventually ends the test unless done returns true within Patience. what says what
// is waited for.
func Eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	if !until(t, pollEvery, done) {
		t.Fatalf("waited %v in vain: %s", Patience, what)
	}
}

// until reports whether done, called every so often, returned true within Patience.
func until(t testing.TB, every time.Duration, done func() bool) bool {
	tick := time.NewTicker(every)
	defer tick.Stop()
	over := time.NewTimer(Patience)
	defer over.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-over.C:
			return false
		case <-t.Context().Done():
			return false
		}
	}
	return true
}
