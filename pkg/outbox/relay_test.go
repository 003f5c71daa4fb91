package outbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/outboxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestACommitIsPublishedAtOnceAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{})
		before := time.Now()
		w.commit(outboxtest.Records("a", 3)...)
		w.wantEach(t, "a", 3, 1)
		w.wantPending(t, 0)
		if d := time.Since(before); d != 0 {
			t.Errorf("took %v, so it waited for the poll", d)
		}
		time.Sleep(5 * time.Minute)
		w.wantEach(t, "a", 3, 1)
		w.end()
	})
}

func TestABacklogLargerThanABatchNeedsOneWakeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{Batch: 10})
		before := time.Now()
		w.commit(outboxtest.Records("a", 95)...)
		w.wantEach(t, "a", 95, 1)
		w.wantPending(t, 0)
		if d := time.Since(before); d != 0 || w.pub.calls() != 10 {
			t.Errorf("took %v and %d calls", d, w.pub.calls())
		}
		w.end()
	})
}

func TestStoringAResultOverlapsWithTheNextBatchAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.takes, w.store.markTakes = 100*time.Millisecond, 100*time.Millisecond
		w.start(t, outbox.RelayConfig{Batch: 10})
		before := time.Now()
		w.commit(outboxtest.Records("a", 100)...)
		w.end()
		w.wantEach(t, "a", 100, 1)
		w.wantPending(t, 0)
		if d := time.Since(before); d != 1100*time.Millisecond || w.store.most != 1 {
			t.Errorf("took %v with up to %d results at once, want 1.1s with one", d, w.store.most)
		}
	})
}

func TestWhatNobodySignalledIsFoundByThePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{})
		w.memory.Append(outboxtest.Records("a", 1)...)
		time.Sleep(1200 * time.Millisecond)
		w.wantEach(t, "a", 1, 1)
		w.end()
	})
}

func TestARefusedMessageIsPublishedAgainAndHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		refusals := 0
		w.pub.fail = func(m bus.Message) error {
			if m.ID == "a-1" && refusals < 3 {
				refusals++
				return bus.ErrQueueFull
			}
			return nil
		}
		w.start(t, outbox.RelayConfig{})
		w.commit(outboxtest.Records("a", 3)...)
		if got := w.pub.times(); got["a-0"] != 1 || got["a-2"] != 1 || got["a-1"] != 0 {
			t.Errorf("confirmed %v", got)
		}
		w.wantPending(t, 1)
		time.Sleep(600 * time.Millisecond) // three backoffs, and no poll
		w.wantEach(t, "a", 3, 1)
		w.wantPending(t, 0)
		w.end()
		const want = `
# HELP messaging_client_sent_messages_total Messages handed to the bus, by routing key and outcome: confirmed or failed.
# TYPE messaging_client_sent_messages_total counter
messaging_client_sent_messages_total{destination_name="game.purchased",outcome="confirmed"} 3
messaging_client_sent_messages_total{destination_name="game.purchased",outcome="failed"} 3
`
		if err := testutil.GatherAndCompare(w.reg, strings.NewReader(want), "messaging_client_sent_messages_total"); err != nil {
			t.Error(err)
		}
	})
}

func TestARefusedMessageDelaysTheNextCommitByAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.setFail(func(m bus.Message) error {
			if m.ID == "poison-0" {
				return errors.New("too large")
			}
			return nil
		})
		w.start(t, outbox.RelayConfig{MinBackoff: 50 * time.Millisecond})
		w.commit(outboxtest.Records("poison", 1)...)
		for i := range 100 {
			time.Sleep(10*time.Second + time.Duration(i)*37*time.Millisecond)
			prefix := fmt.Sprintf("r%d", i)
			w.commit(outboxtest.Records(prefix, 1)...)
			time.Sleep(60 * time.Millisecond)
			w.wantEach(t, prefix, 1, 1)
		}
		w.end()
		if n := strings.Count(w.logs.String(), "\n"); n != 1 {
			t.Errorf("%d log lines, want one for the one change:\n%s", n, w.logs)
		}
	})
}

func TestWhatCanNeverBePublishedStaysAndIsInNobodysWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		refused := 0
		w.pub.setFail(func(m bus.Message) error {
			if strings.HasPrefix(m.ID, "never") {
				refused++
				return bus.ErrUnpublishable
			}
			return nil
		})
		w.start(t, outbox.RelayConfig{Batch: 10})
		w.commit(outboxtest.Records("never", 100)...) // many full batches of nothing else
		for i := range 60 {
			prefix, before := fmt.Sprintf("r%d", i), time.Now()
			w.commit(outboxtest.Records(prefix, 1)...)
			w.wantEach(t, prefix, 1, 1)
			if d := time.Since(before); d != 0 {
				t.Errorf("it waited for %v", d)
			}
			time.Sleep(time.Minute)
		}
		w.wantPending(t, 100)
		if refused < 6*100 || refused > 7*100 {
			t.Errorf("%d tries of 100 in an hour", refused)
		}
		w.pub.setFail(nil)
		time.Sleep(11 * time.Minute)
		w.wantEach(t, "never", 100, 1)
		w.end()
		if !strings.Contains(w.logs.String(), "never-7") || !strings.Contains(w.logs.String(), "unpublishable") {
			t.Error("the log does not tell of it")
		}
	})
}

func TestABusThatWasDownForAnHourGetsAllWithinFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.setFail(func(bus.Message) error { return errors.New("connection refused") })
		w.start(t, outbox.RelayConfig{Batch: 100})
		w.commit(outboxtest.Records("a", 1000)...)
		for range 36000 {
			time.Sleep(100 * time.Millisecond)
			w.signal.Wake() // Somebody buys all the time.
		}
		if n := w.pub.calls(); n > 3600+20 {
			t.Errorf("%d calls in an hour: it does not back off", n)
		}
		w.pub.setFail(nil)
		time.Sleep(5 * time.Second)
		w.wantEach(t, "a", 1000, 1)
		w.wantPending(t, 0)
		time.Sleep(5 * time.Second)
		w.commit(outboxtest.Records("b", 1)...)
		w.end()
		if n := strings.Count(w.logs.String(), "\n"); n != 2 {
			t.Errorf("%d log lines, want one for each change:\n%s", n, w.logs)
		}
	})
}
