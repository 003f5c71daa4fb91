package outbox

import (
	"time"
)

// handedRoom is how many batches may be handed over and not published yet.
const handedRoom = 4

// batch is records of which the relay has the lease until then, by this process's clock.
type batch struct {
	records []Record
	until   time.Time
}

// accept lets records be handed over.
func (r *Relay) accept() {
	r.signal.accept(Lease{Owner: r.owner, Length: r.cfg.Lease}, handedRoom*r.cfg.Batch)
}

// handed is a batch of what was handed over, and whether there is more.
func (r *Relay) handed() (batch, bool) {
	taken, more := r.signal.take(r.cfg.Batch, r.cfg.Lease/2)
	b := batch{records: make([]Record, len(taken))}
	for i, t := range taken {
		b.records[i] = t.Record
		if i == 0 || t.until.Before(b.until) {
			b.until = t.until
		}
	}
	return b, more
}

// giveBack lets nothing more be handed over, and adds what was to the failures of an
// outcome, to be claimed again.
func (r *Relay) giveBack(out outcome) outcome {
	r.signal.refuse()
	for _, h := range r.signal.takeAll() {
		out.failed = append(out.failed, Failure{Seq: h.Seq, Reason: "not tried, since others failed"})
	}
	return out
}

// pauseUnlessHanded waits for the next look into the store, unless something was handed over.
func (r *Relay) pauseUnlessHanded() pause {
	if r.signal.waiting() {
		return pause{}
	}
	return pause{most: max(0, time.Until(r.claimAt))}
}
