package memory_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/errs"
)

// journal is a memory.Journal that fails when it is told to.
type journal struct {
	mu      sync.Mutex
	entries []memory.Entry
	next    int64
	down    bool
	settles int
}

func (j *journal) fail(down bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.down = down
}

func (j *journal) Append(_ context.Context, entries []memory.Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.down {
		return errDown
	}
	for i := range entries {
		j.next++
		entries[i].ID = j.next
	}
	j.entries = append(j.entries, entries...)
	return nil
}

func (j *journal) Settle(_ context.Context, settlements []memory.Settlement) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.settles++
	if j.down {
		return errDown
	}
	for _, s := range settlements {
		i := slices.IndexFunc(j.entries, func(e memory.Entry) bool { return e.ID == s.Entry.ID })
		if s.Outcome == errs.Ack {
			j.entries = slices.Delete(j.entries, i, i+1)
		} else {
			j.entries[i] = s.Entry
		}
	}
	return nil
}

func (*journal) Begin(context.Context, int64) error { return nil }

func (j *journal) Load(context.Context, string) ([]memory.Entry, int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.down {
		return nil, 0, errDown
	}
	return slices.Clone(j.entries), 0, nil
}

func (j *journal) DeadLetters(context.Context, int) ([]bus.DeadLetter, error) { return nil, nil }
func (j *journal) Drop(context.Context, string, string) error                 { return bus.ErrNoDeadLetter }
func (j *journal) Replay(context.Context, string, string) (memory.Entry, error) {
	return memory.Entry{}, bus.ErrNoDeadLetter
}

func (j *journal) ids() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var ids []string
	for _, e := range j.entries {
		ids = append(ids, e.Message.ID)
	}
	return ids
}

func TestWhatTheJournalRefusesGoesNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		b := memory.New(memory.WithJournal(j), memory.WithCapacity(2))
		j.fail(true)
		if err := b.Declare(t.Context(), work); !errors.Is(err, errDown) {
			t.Errorf("Declare: %v", err)
		}
		j.fail(false)
		declare(t, b, work)
		j.fail(true)
		for _, err := range b.Publish(t.Context(), bus.Message{ID: "1", Key: "work"}, bus.Message{ID: "2", Key: "work"}) {
			if !errors.Is(err, errDown) {
				t.Errorf("Publish: %v", err)
			}
		}
		j.fail(false)
		publish(t, b, "3", "4") // their places are free again
		var ids []string
		stop := consume(t, b, work, func(_ context.Context, m bus.Message) error { ids = append(ids, m.ID); return nil })
		synctest.Wait()
		stop()
		if d := cmp.Diff([]string{"3", "4"}, ids); d != "" {
			t.Error(d)
		}
	})
}

func TestAnAckIsWrittenUntilItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		b := memory.New(memory.WithJournal(j))
		declare(t, b, work)
		publish(t, b, "1", "2", "3")
		j.fail(true)
		handled := 0
		stop := consume(t, b, work, func(context.Context, bus.Message) error { handled++; return nil })
		time.Sleep(time.Minute)
		synctest.Wait()
		if handled != 3 {
			t.Errorf("%d handled: a journal that is down must not stop the deliveries", handled)
		}
		if j.settles < 10 || j.settles > 30 {
			t.Errorf("%d tries in a minute", j.settles)
		}
		j.fail(false)
		time.Sleep(5 * time.Second)
		if ids := j.ids(); ids != nil {
			t.Errorf("still in the journal: %v", ids)
		}
		stop()
		if handled != 3 {
			t.Errorf("%d handled", handled)
		}
	})
}

func TestAStopDoesNotWaitForeverForTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		b := memory.New(memory.WithJournal(j), memory.WithDrain(3*time.Second))
		declare(t, b, work)
		publish(t, b, "1", "2")
		j.fail(true)
		handle := func(context.Context, bus.Message) error { return nil }
		stop := consume(t, b, work, handle)
		synctest.Wait()
		before := time.Now()
		stop()
		if took := time.Since(before); took != 3*time.Second {
			t.Errorf("stopped after %v", took)
		}
		if d := cmp.Diff([]string{"1", "2"}, j.ids()); d != "" {
			t.Errorf("what could not be acknowledged must stay in the journal: %s", d)
		}
		j.fail(false)
		consume(t, b, work, handle)() // the next consumer's end writes it
		if ids := j.ids(); ids != nil {
			t.Errorf("still in the journal: %v", ids)
		}
	})
}

func TestAttemptsAndDelaysSurvive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		b := memory.New(memory.WithJournal(j), memory.WithRetry(time.Minute, time.Minute))
		declare(t, b, work)
		publish(t, b, "1", "2")
		stop := consume(t, b, work, func(_ context.Context, m bus.Message) error {
			if m.ID == "1" {
				return errNotYet
			}
			return nil
		})
		synctest.Wait()
		stop()
		time.Sleep(20 * time.Second)
		j.mu.Lock()
		future := j.entries[0]
		future.ID, future.Message.ID, future.Due = 99, "clock", time.Now().Add(24*time.Hour)
		j.entries = append(j.entries, future)
		j.mu.Unlock()

		b = memory.New(memory.WithJournal(j), memory.WithRetry(time.Minute, time.Minute))
		declare(t, b, work)
		started := time.Now()
		var got []string
		stop = consume(t, b, work, func(_ context.Context, m bus.Message) error {
			got = append(got, m.ID+" after "+time.Since(started).String()+strings.Repeat("!", m.Attempt))
			return nil
		})
		time.Sleep(time.Hour)
		stop()
		// The second delay is cut to the longest of the ladder: the clock was wrong.
		if d := cmp.Diff([]string{"1 after 40s!!", "clock after 1m0s!!"}, got); d != "" {
			t.Error(d)
		}
	})
}
