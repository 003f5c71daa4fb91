// Package outboxtest is what every outbox.Store must keep, as a suite of tests.
package outboxtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/outbox"
)

// Harness is one empty store with what a test needs besides its port.
type Harness struct {
	Store outbox.Store
	// Append adds records as a committed change does.
	Append func(ctx context.Context, records ...outbox.Record) error
	// Advance lets time pass for the store, at once.
	Advance func(d time.Duration)
}

const lease = 30 * time.Second

// RunStore runs the suite. newHarness returns an empty store each time.
func RunStore(t *testing.T, newHarness func(t *testing.T) Harness) {
	for _, tc := range []struct {
		name string
		test func(*testing.T, Harness)
	}{
		{"a record comes back as it was appended", roundTrip},
		{"claims come in order and up to the limit", orderAndLimit},
		{"one of 20 workers gets a record", exclusive},
		{"a lease runs out and is taken over", takenOver},
		{"only the owner marks sent", onlyOwnerMarks},
		{"only the owner releases", onlyOwnerReleases},
		{"a released record waits for its time", releaseWaits},
		{"sent is for ever", sentStays},
		{"stats count what waits", stats},
		{"prune deletes old sent records in slices", prune},
		{"prune gets past what is not sent", prunePastUnsent},
		{"nothing to do is no error", nothing},
		{"an ended context is respected", endedContext},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.test(t, newHarness(t)) })
	}
}

func roundTrip(t *testing.T, h Harness) {
	want := Records("a", 2)
	want[1].Message.Headers = nil
	want[1].Message.Body = []byte{0, 0xff, '\n'}
	h.append(t, want...)
	got := h.claim(t, "w", 10)
	if len(got) != 2 {
		t.Fatalf("claimed %d records, want 2", len(got))
	}
	for i, g := range got {
		if g.Seq <= 0 || g.CreatedAt.IsZero() || g.CreatedAt.Location() != time.UTC || g.Attempts != 1 {
			t.Errorf("seq %d, created at %v, attempts %d", g.Seq, g.CreatedAt, g.Attempts)
		}
		g.Seq, g.CreatedAt, g.Attempts = 0, time.Time{}, 0
		if d := cmp.Diff(want[i], g); d != "" {
			t.Error(d)
		}
	}
}

func orderAndLimit(t *testing.T, h Harness) {
	h.append(t, Records("a", 3)...)
	h.append(t, Records("b", 2)...)
	wantIDs(t, h.claim(t, "w", 2), "a-0", "a-1")
	wantIDs(t, h.claim(t, "w", 100), "a-2", "b-0", "b-1")
	wantIDs(t, h.claim(t, "w", 100))
}

func exclusive(t *testing.T, h Harness) {
	const workers, total = 20, 500
	h.append(t, Records("a", total)...)
	var mu sync.Mutex
	claimed := map[string]int{}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			owner := fmt.Sprintf("worker-%d", w)
			for {
				got, err := h.Store.Claim(t.Context(), owner, 7, lease)
				if err != nil {
					t.Errorf("claim: %v", err)
					return
				}
				if len(got) == 0 {
					return
				}
				if !slices.IsSorted(seqs(got)) {
					t.Errorf("claimed out of order: %v", seqs(got))
				}
				mu.Lock()
				for _, r := range got {
					claimed[r.Message.ID]++
				}
				mu.Unlock()
				if err := h.Store.MarkSent(t.Context(), owner, seqs(got)...); err != nil {
					t.Errorf("mark sent: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if len(claimed) != total {
		t.Errorf("%d records were claimed, want %d", len(claimed), total)
	}
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("%s was claimed %d times", id, n)
		}
	}
	h.wantPending(t, 0)
}

func takenOver(t *testing.T, h Harness) {
	h.append(t, Records("a", 1)...)
	wantIDs(t, h.claim(t, "dead", 10), "a-0")
	h.Advance(lease - time.Second)
	wantIDs(t, h.claim(t, "next", 10))
	h.Advance(2 * time.Second)
	got := h.claim(t, "next", 10)
	wantIDs(t, got, "a-0")
	if len(got) == 1 && got[0].Attempts != 2 {
		t.Errorf("%d attempts, want 2", got[0].Attempts)
	}
}

func onlyOwnerMarks(t *testing.T, h Harness) {
	h.append(t, Records("a", 1)...)
	old := h.claim(t, "old", 10)
	h.markSent(t, "stranger", old...)
	h.wantPending(t, 1)
	h.Advance(lease + time.Second)
	taken := h.claim(t, "new", 10)
	h.markSent(t, "old", old...)
	h.wantPending(t, 1)
	h.markSent(t, "new", taken...)
	h.wantPending(t, 0)
}

func onlyOwnerReleases(t *testing.T, h Harness) {
	h.append(t, Records("a", 1)...)
	got := h.claim(t, "owner", 10)
	h.release(t, "stranger", outbox.Failure{Seq: got[0].Seq, Reason: "not mine"})
	wantIDs(t, h.claim(t, "stranger", 10))
}

func releaseWaits(t *testing.T, h Harness) {
	h.append(t, Records("a", 3)...)
	got := h.claim(t, "w", 10)
	h.release(t, "w",
		outbox.Failure{Seq: got[0].Seq, Reason: "broker down", RetryIn: 2 * time.Second},
		outbox.Failure{Seq: got[1].Seq, Reason: "broker down"})
	wantIDs(t, h.claim(t, "x", 10), "a-1")
	h.Advance(time.Second)
	wantIDs(t, h.claim(t, "x", 10))
	h.Advance(2 * time.Second)
	again := h.claim(t, "x", 10)
	wantIDs(t, again, "a-0")
	if len(again) == 1 && again[0].Attempts != 2 {
		t.Errorf("%d attempts, want 2", again[0].Attempts)
	}
	h.wantPending(t, 3)
}

func sentStays(t *testing.T, h Harness) {
	h.append(t, Records("a", 2)...)
	got := h.claim(t, "w", 10)
	h.markSent(t, "w", got...)
	h.release(t, "w", outbox.Failure{Seq: got[0].Seq, Reason: "too late"})
	h.Advance(lease + time.Second)
	wantIDs(t, h.claim(t, "w", 10))
	h.wantPending(t, 0)
}

func stats(t *testing.T, h Harness) {
	st, err := h.Store.Stats(t.Context())
	if err != nil || st != (outbox.Stats{}) {
		t.Errorf("empty: %+v, %v", st, err)
	}
	h.append(t, Records("a", 2)...)
	h.Advance(time.Minute)
	h.append(t, Records("b", 1)...)
	got := h.claim(t, "w", 2)
	st, err = h.Store.Stats(t.Context())
	if err != nil || st.Pending != 3 || st.OldestAge < time.Minute || st.OldestAge > 2*time.Minute {
		t.Errorf("two claimed, one not: %+v, %v", st, err)
	}
	h.markSent(t, "w", got...)
	st, err = h.Store.Stats(t.Context())
	if err != nil || st.Pending != 1 || st.OldestAge > 30*time.Second {
		t.Errorf("one left: %+v, %v", st, err)
	}
}

func prune(t *testing.T, h Harness) {
	h.append(t, Records("a", 5)...)
	h.markSent(t, "w", h.claim(t, "w", 5)...)
	h.Advance(time.Hour)
	h.append(t, Records("b", 2)...)
	h.markSent(t, "w", h.claim(t, "w", 1)...)
	for _, want := range []int{3, 2, 0} {
		if n, err := h.Store.Prune(t.Context(), 30*time.Minute, 3); err != nil || n != want {
			t.Errorf("pruned %d, %v; want %d", n, err, want)
		}
	}
	h.wantPending(t, 1)
	h.Advance(24 * time.Hour)
	if n, err := h.Store.Prune(t.Context(), 30*time.Minute, 3); err != nil || n != 1 {
		t.Errorf("pruned %d, %v; want the one that is sent", n, err)
	}
	wantIDs(t, h.claim(t, "w", 10), "b-1")
}

func prunePastUnsent(t *testing.T, h Harness) {
	h.append(t, Records("a", 3)...)
	h.append(t, Records("b", 2)...)
	got := h.claim(t, "w", 5)
	h.markSent(t, "w", got[3:]...)
	h.Advance(time.Hour)
	if n, err := h.Store.Prune(t.Context(), time.Minute, 2); err != nil || n != 2 {
		t.Errorf("pruned %d, %v; want 2", n, err)
	}
	h.wantPending(t, 3)
}

func nothing(t *testing.T, h Harness) {
	wantIDs(t, h.claim(t, "w", 10))
	h.markSent(t, "w")
	h.release(t, "w")
	if n, err := h.Store.Prune(t.Context(), 0, 10); err != nil || n != 0 {
		t.Errorf("pruned %d, %v", n, err)
	}
	if err := h.Store.MarkSent(t.Context(), "w", 12345); err != nil {
		t.Errorf("mark an unknown record: %v", err)
	}
}

func endedContext(t *testing.T, h Harness) {
	h.append(t, Records("a", 1)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Store.Claim(ctx, "w", 1, lease); err == nil {
		t.Error("claim went on")
	}
	wantIDs(t, h.claim(t, "w", 1), "a-0")
}
