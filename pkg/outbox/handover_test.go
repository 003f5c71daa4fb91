package outbox_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/outboxtest"
)

// handOver commits records by handing them over.
func (w *world) handOver(records ...outbox.Record) {
	h := w.signal.Handover()
	w.memory.HandOver(h, records...)
	h.Done(true)
	synctest.Wait()
}

func TestWhatIsHandedOverIsPublishedWithoutAClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{Poll: time.Hour})
		claims := w.store.claimed()
		before := time.Now()
		for i := range 100 {
			w.handOver(outboxtest.Records(fmt.Sprint("h", i), 3)...)
			w.wantEach(t, fmt.Sprint("h", i), 3, 1)
		}
		w.wantPending(t, 0)
		if d := time.Since(before); d != 0 || w.store.claimed() != claims {
			t.Errorf("it took %v and %d claims", d, w.store.claimed()-claims)
		}
		w.end()
	})
}

func TestARolledBackChangeHandsNothingOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{Batch: 2, Poll: time.Hour})
		for range 100 { // more than there is room for
			h := w.signal.Handover()
			if _, ok := h.Lease(); !ok {
				t.Fatal("a change that was rolled back still takes room")
			}
			h.Done(false)
		}
		synctest.Wait()
		if n := w.pub.calls(); n != 0 {
			t.Errorf("%d calls for nothing", n)
		}
		w.end()
	})
}

// Who dies between the commit and the hand-over leaves a lease, no more.
func TestWhatWasNeverHandedOverIsClaimedAfterItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{Lease: 10 * time.Second})
		w.memory.HandOver(w.signal.Handover(), outboxtest.Records("lost", 1)...)
		time.Sleep(9 * time.Second)
		w.wantEach(t, "lost", 1, 0)
		time.Sleep(3 * time.Second)
		w.wantEach(t, "lost", 1, 1)
		w.end()
	})
}

func TestMoreThanThereIsRoomForIsClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{Batch: 5})
		w.handOver(outboxtest.Records("a", 33)...) // room is for four batches
		w.wantEach(t, "a", 33, 1)
		w.wantPending(t, 0)
		w.handOver(outboxtest.Records("b", 1)...)
		w.wantEach(t, "b", 1, 1)
		w.end()
	})
}

func TestWhileTheBusIsDownNothingWaitsInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.setFail(func(bus.Message) error { return errors.New("connection refused") })
		w.start(t, outbox.RelayConfig{Batch: 10, Lease: time.Minute})
		for i := range 1000 {
			w.handOver(outboxtest.Records(fmt.Sprint("a", i), 1)...)
			time.Sleep(10 * time.Millisecond)
		}
		if _, ok := w.signal.Handover().Lease(); ok {
			t.Error("records are handed over that nobody can publish")
		}
		w.pub.setFail(nil)
		time.Sleep(5 * time.Second) // far less than the lease
		w.wantPending(t, 0)
		claims := w.store.claimed()
		w.handOver(outboxtest.Records("b", 1)...)
		w.wantEach(t, "b", 1, 1)
		if w.store.claimed() != claims {
			t.Error("nothing is handed over although the bus is back")
		}
		w.end()
	})
}

// A refused message comes again when it is due, however much is handed over meanwhile.
func TestHandingOverDoesNotHoldUpWhatIsDueAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		refused := 0
		w.pub.setFail(func(m bus.Message) error {
			if m.ID == "poison-0" && refused < 3 {
				refused++
				return errors.New("no route")
			}
			return nil
		})
		w.start(t, outbox.RelayConfig{Poll: time.Second, Lease: time.Hour})
		w.handOver(outboxtest.Records("poison", 1)...)
		for i := range 500 {
			time.Sleep(10 * time.Millisecond)
			w.handOver(outboxtest.Records(fmt.Sprint("a", i), 1)...)
		}
		w.wantEach(t, "poison", 1, 1)
		w.wantPending(t, 0)
		w.end()
	})
}

func TestTheEndPublishesWhatWasHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.pub.takes = 100 * time.Millisecond
		w.start(t, outbox.RelayConfig{Batch: 2})
		for i := range 8 {
			w.handOver(outboxtest.Records(fmt.Sprint("a", i), 1)...)
		}
		late := w.signal.Handover()
		w.memory.HandOver(late, outboxtest.Records("late", 1)...)
		w.stop()
		synctest.Wait()
		late.Done(true) // its change was under way when the end came
		<-w.done
		for i := range 8 {
			w.wantEach(t, fmt.Sprint("a", i), 1, 1)
		}
		w.wantEach(t, "late", 1, 1)
		if _, ok := w.signal.Handover().Lease(); ok {
			t.Error("records are handed over to a relay that has ended")
		}
	})
}

func TestTheEndGivesBackWhatItCannotPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, outbox.RelayConfig{Batch: 2, Lease: time.Minute, Flush: time.Second})
		w.pub.mu.Lock()
		w.pub.takes = time.Hour
		w.pub.mu.Unlock()
		for i := range 6 {
			w.handOver(outboxtest.Records(fmt.Sprint("a", i), 1)...)
		}
		w.end()
		time.Sleep(time.Second) // the one that was tried is due again soon
		again, err := w.memory.Claim(t.Context(), "the next", 10, time.Minute)
		if err != nil || len(again) != 6 {
			t.Errorf("%d of 6 can be claimed long before the lease ends, %v", len(again), err)
		}
	})
}
