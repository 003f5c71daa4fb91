package outbox_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/outboxtest"
)

func TestACrashAfterPublishingRepeatsTheSameIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		// The crash: what the relay claimed and published is never marked.
		w.memory.Append(outboxtest.Records("a", 2)...)
		claimed, err := w.memory.Claim(t.Context(), "dead relay", 10, 30*time.Second)
		if err != nil || len(claimed) != 2 {
			t.Fatal(claimed, err)
		}
		for _, r := range claimed {
			w.pub.Publish(t.Context(), r.Message)
		}
		w.start(t, outbox.RelayConfig{})
		time.Sleep(28 * time.Second)
		w.wantEach(t, "a", 2, 1)
		time.Sleep(7 * time.Second)
		w.wantEach(t, "a", 2, 2)
		w.wantPending(t, 0)
		w.end()
	})
}

func TestMarkingIsTriedAgainWhileTheLeaseLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.store.set(nil, errors.New("disk full"))
		w.start(t, outbox.RelayConfig{})
		w.commit(outboxtest.Records("a", 1)...)
		time.Sleep(10 * time.Second)
		w.wantPending(t, 1)
		w.store.set(nil, nil)
		time.Sleep(3 * time.Second)
		w.wantPending(t, 0)
		time.Sleep(time.Minute)
		w.wantEach(t, "a", 1, 1)
		w.end()
	})
}

func TestAStoreThatFailsIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.store.set(errors.New("database is locked"), nil)
		w.start(t, outbox.RelayConfig{})
		w.commit(outboxtest.Records("a", 1)...)
		for range 6000 {
			time.Sleep(100 * time.Millisecond)
			w.signal.Wake()
		}
		if n := w.store.claimed(); n > 600+20 {
			t.Errorf("%d claims in ten minutes: it does not back off", n)
		}
		w.store.set(nil, nil)
		time.Sleep(3 * time.Second)
		w.wantEach(t, "a", 1, 1)
		time.Sleep(5 * time.Second)
		w.end()
		if n := strings.Count(w.logs.String(), "\n"); n != 2 {
			t.Errorf("%d log lines, want one for each change:\n%s", n, w.logs)
		}
	})
}

func TestTheEndFlushesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.takes = 100 * time.Millisecond
		w.start(t, outbox.RelayConfig{Batch: 10})
		w.commit(outboxtest.Records("a", 5)...) // in flight when the end comes
		w.memory.Append(outboxtest.Records("b", 25)...)
		w.end()
		w.wantEach(t, "a", 5, 1)
		w.wantEach(t, "b", 25, 1)
		w.wantPending(t, 0)
	})
}

func TestTheEndIsBoundedAndGivesTheRecordsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.takes = time.Hour
		w.start(t, outbox.RelayConfig{Flush: 3 * time.Second})
		w.commit(outboxtest.Records("a", 5)...)
		before := time.Now()
		w.end()
		if d := time.Since(before); d > 4*time.Second {
			t.Errorf("ended after %v", d)
		}
		time.Sleep(3 * time.Second)
		got, err := w.memory.Claim(t.Context(), "successor", 10, time.Second)
		if err != nil || len(got) != 5 {
			t.Errorf("the successor got %d records, %v; want 5", len(got), err)
		}
	})
}

func TestGaugesAndPruning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.setFail(func(bus.Message) error { return errors.New("down") })
		w.start(t, outbox.RelayConfig{})
		w.commit(outboxtest.Records("a", 4)...)
		time.Sleep(10*time.Second + time.Millisecond)
		const want = `
# HELP gamestore_outbox_oldest_age_seconds Age of the oldest event that is not published yet; 0 if there is none.
# TYPE gamestore_outbox_oldest_age_seconds gauge
gamestore_outbox_oldest_age_seconds 10
# HELP gamestore_outbox_pending Events in the outbox that are not published yet.
# TYPE gamestore_outbox_pending gauge
gamestore_outbox_pending 4
`
		err := testutil.GatherAndCompare(w.reg, strings.NewReader(want), "gamestore_outbox_pending", "gamestore_outbox_oldest_age_seconds")
		if err != nil {
			t.Error(err)
		}
		w.pub.setFail(nil)
		time.Sleep(24*time.Hour + 5*time.Minute)
		if n, err := w.memory.Prune(t.Context(), 0, 100); err != nil || n != 0 {
			t.Errorf("%d sent records are left after a day, %v", n, err)
		}
		w.end()
	})
}

func TestTwoRelaysShareARegistryAndAnOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{Name: "one", Batch: 7})
		first, firstDone := w.stop, w.done
		w.start(t, outbox.RelayConfig{Name: "two", Batch: 7})
		w.commit(outboxtest.Records("a", 500)...)
		time.Sleep(time.Minute)
		w.wantEach(t, "a", 500, 1)
		first()
		<-firstDone
		w.end()
	})
}
