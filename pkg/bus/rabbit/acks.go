package rabbit

import (
	"maps"
	"slices"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/fault"
)

// acks acknowledges the deliveries of one channel, many with one frame: all up to
// the last of an unbroken run. It never lingers. A delivery that is held up does not hold up the
// others: when too many wait behind it they are acknowledged one by one.
type acks struct {
	ch    *amqp.Channel
	limit int
	done  chan uint64

	low   uint64          // every tag up to it is acknowledged
	ahead map[uint64]bool // tags above low; true when already acknowledged
	owed  int             // how many of ahead are not
}

func newAcks(ch *amqp.Channel, prefetch int) *acks {
	return &acks{ch: ch, limit: prefetch / 2, done: make(chan uint64, prefetch), ahead: map[uint64]bool{}}
}

// add says that a delivery is settled. It never blocks: there are no more unsettled
// deliveries than the channel holds.
func (a *acks) add(tag uint64) { a.done <- tag }

// stop acknowledges the rest; nothing may be added after it.
func (a *acks) stop() { close(a.done) }

func (a *acks) run() {
	for tag := range a.done {
		a.note(tag)
		for len(a.done) > 0 {
			a.note(<-a.done)
		}
		a.flush(a.limit)
	}
	a.flush(0)
}

func (a *acks) note(tag uint64) {
	if tag == 0 {
		return
	}
	a.ahead[tag] = false
	a.owed++
}

// flush acknowledges the unbroken run, and the others if there are more than most. An
// error means that the session is over, and everything comes again.
func (a *acks) flush(most int) {
	last := uint64(0)
	for {
		acknowledged, settled := a.ahead[a.low+1]
		if !settled {
			break
		}
		a.low++
		delete(a.ahead, a.low)
		if !acknowledged {
			last = a.low
			a.owed--
		}
	}
	if last > 0 {
		fault.Point("rabbit.before-ack-frame")
		// The tag must be one that is still open: the broker refuses any other.
		_ = a.ch.Ack(last, true)
		fault.Point("rabbit.after-ack-frame")
	}
	if a.owed <= most {
		return
	}
	for _, tag := range slices.Sorted(maps.Keys(a.ahead)) {
		if !a.ahead[tag] {
			_ = a.ch.Ack(tag, false)
			a.ahead[tag] = true
			a.owed--
		}
	}
}
