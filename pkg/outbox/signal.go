package outbox

import (
	"slices"
	"sync"
	"time"
)

// Signal is the way from a commit to the relay in the same process. A store can wake
// the relay, which then claims what waits; or it can hand records over that it has
// stored with the relay's lease already, which spares the claim and its commit. Nothing is
// in memory alone: whatever is not handed over, or is lost on the way, is claimed when its
// lease has ended.
type Signal struct{ *signal }

// Lease is a claim on records.
type Lease struct {
	// Owner is the relay.
	Owner string
	// Length is how long it holds from the moment of the store's clock at which it is written.
	Length time.Duration
}

type signal struct {
	wake chan struct{}

	mu sync.Mutex
	// unclaimed says that there are committed records without a lease.
	unclaimed bool
	// lease is what records get that are handed over. Without a relay that takes them it
	// is zero.
	lease Lease
	// most is how many records there may be between their lease and the relay, room how
	// many more there may be now.
	most, room int
	ready      []handed
}

// handed is a record that its relay has the lease of, by this process's clock until then.
type handed struct {
	Record
	until time.Time
}

// NewSignal returns a Signal to share between a store and its relay.
func NewSignal() Signal { return Signal{&signal{wake: make(chan struct{}, 1)}} }

// Wake wakes the relay, now or next: there are records to claim. It never blocks and
// coalesces: one waiting wake-up stands for any number of commits.
func (s Signal) Wake() {
	s.mu.Lock()
	s.unclaimed = true
	s.mu.Unlock()
	s.poke()
}

// Woken gets a value after each call of Wake, at least one for any number of them.
func (s Signal) Woken() <-chan struct{} { return s.wake }

func (s Signal) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Handover is the events of one change on their way from its transaction to the relay.
// It is for one goroutine at a time.
type Handover struct {
	signal  Signal
	records []handed
	plain   bool
}

// Handover begins the events of one change. Finish it with Done, whatever becomes of
// the change.
func (s Signal) Handover() *Handover { return &Handover{signal: s} }

// Lease returns what the next record of the change is to be stored with. False means no
// lease: the relay claims it.
func (h *Handover) Lease() (Lease, bool) {
	s := h.signal
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.room == 0 || s.lease.Owner == "" {
		h.plain = true
		return Lease{}, false
	}
	s.room--
	// The lease begins when the record is stored, which is later.
	h.records = append(h.records, handed{until: time.Now().Add(s.lease.Length)})
	return s.lease, true
}

// Stored says how the record was stored that the last Lease was for.
func (h *Handover) Stored(r Record) { h.records[len(h.records)-1].Record = r }

// Done ends the change. If it is committed, the relay gets the records and is woken;
// else they do not exist.
func (h *Handover) Done(committed bool) {
	s := h.signal
	s.mu.Lock()
	if committed {
		s.ready = append(s.ready, h.records...)
		s.unclaimed = s.unclaimed || h.plain
	} else {
		s.free(len(h.records))
	}
	s.mu.Unlock()
	if committed && (h.plain || len(h.records) > 0) {
		s.poke()
	}
	h.records, h.plain = nil, false
}

// accept lets records be handed over, as many at a time as there is room for.
func (s Signal) accept(l Lease, room int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease.Owner == "" {
		s.lease, s.most, s.room = l, room, room-len(s.ready)
	}
}

// refuse lets nothing be handed over any more, but for the rest of the changes that have
// a lease already.
func (s Signal) refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = Lease{}
}

// claimable reports whether records without a lease were committed since the last call.
func (s Signal) claimable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.unclaimed
	s.unclaimed = false
	return was
}

// waiting reports whether there are records that were handed over.
func (s Signal) waiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ready) > 0
}

// take returns the oldest records that were handed over, at most limit, and whether
// there are more. Those whose lease has little time left are dropped: they are claimed
// when it has ended.
func (s Signal) take(limit int, atLeast time.Duration) (taken []handed, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit = min(limit, len(s.ready))
	enough := time.Now().Add(atLeast)
	for _, r := range s.ready[:limit] {
		if r.until.After(enough) {
			taken = append(taken, r)
		}
	}
	s.ready = slices.Delete(s.ready, 0, limit)
	s.free(limit)
	return taken, len(s.ready) > 0
}

// takeAll returns everything that was handed over.
func (s Signal) takeAll() []handed {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.ready
	s.ready = nil
	s.free(len(all))
	return all
}

// free makes room again. What was reserved before a relay refused may come back after it
// accepts again, so there may seem to be more than there is.
func (s *signal) free(n int) { s.room = min(s.room+n, s.most) }
