// Package memory keeps the outbox and the inbox of a service in memory, for tests and
// for the store that forgets.
package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"gamestore.example/pkg/outbox"
)

// Store is an outbox in memory. It is safe for concurrent use.
type Store struct {
	now func() time.Time

	mu      sync.Mutex
	lastSeq int64
	unsent  []*entry // in order of seq
	sent    []*entry // in order of sentAt
}

type entry struct {
	record      outbox.Record
	availableAt time.Time
	owner       string
	leaseUntil  time.Time
	sentAt      time.Time
}

var _ outbox.Store = (*Store)(nil)

// NewStore returns an empty outbox. now is its clock.
func NewStore(now func() time.Time) *Store { return &Store{now: now} }

// Append adds records, with the lock of the repository held that changes what they
// tell. Wake the relay afterwards.
func (s *Store) Append(records ...outbox.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, r := range records {
		s.lastSeq++
		r.Seq, r.CreatedAt, r.Attempts = s.lastSeq, now, 0
		s.unsent = append(s.unsent, &entry{record: r, availableAt: now})
	}
}

// HandOver is Append for records that the relay gets from h, if it takes them. Call h.Done
// then.
func (s *Store) HandOver(h *outbox.Handover, records ...outbox.Record) {
	for _, r := range records {
		lease, ok := h.Lease()
		s.Append(r)
		if !ok {
			continue
		}
		s.mu.Lock()
		e := s.unsent[len(s.unsent)-1]
		e.owner, e.leaseUntil, e.record.Attempts = lease.Owner, s.now().Add(lease.Length), 1
		h.Stored(e.record)
		s.mu.Unlock()
	}
}

// Claim implements outbox.Store.
func (s *Store) Claim(ctx context.Context, owner string, limit int, lease time.Duration) ([]outbox.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var records []outbox.Record
	for _, e := range s.unsent {
		if len(records) >= limit {
			break
		}
		if now.Before(e.availableAt) || now.Before(e.leaseUntil) {
			continue
		}
		e.owner, e.leaseUntil = owner, now.Add(lease)
		e.record.Attempts++
		records = append(records, e.record)
	}
	return records, nil
}

// MarkSent implements outbox.Store.
func (s *Store) MarkSent(ctx context.Context, owner string, seqs ...int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	seqs = slices.Sorted(slices.Values(seqs))
	s.unsent = slices.DeleteFunc(s.unsent, func(e *entry) bool {
		if _, marked := slices.BinarySearch(seqs, e.record.Seq); e.owner != owner || !marked {
			return false
		}
		e.owner, e.sentAt = "", now
		s.sent = append(s.sent, e)
		return true
	})
	return nil
}

// Release implements outbox.Store.
func (s *Store) Release(ctx context.Context, owner string, failures ...outbox.Failure) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, f := range failures {
		i := slices.IndexFunc(s.unsent, func(e *entry) bool { return e.record.Seq == f.Seq && e.owner == owner })
		if i < 0 {
			continue
		}
		e := s.unsent[i]
		e.owner, e.leaseUntil, e.availableAt = "", time.Time{}, now.Add(f.RetryIn)
	}
	return nil
}

// Stats implements outbox.Store.
func (s *Store) Stats(ctx context.Context) (outbox.Stats, error) {
	if err := ctx.Err(); err != nil {
		return outbox.Stats{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unsent) == 0 {
		return outbox.Stats{}, nil
	}
	age := s.now().Sub(s.unsent[0].record.CreatedAt)
	return outbox.Stats{Pending: int64(len(s.unsent)), OldestAge: max(age, 0)}, nil
}

// Prune implements outbox.Store.
func (s *Store) Prune(ctx context.Context, olderThan time.Duration, limit int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.now().Add(-olderThan)
	n := 0
	for n < len(s.sent) && n < limit && s.sent[n].sentAt.Before(before) {
		n++
	}
	s.sent = slices.Delete(s.sent, 0, n)
	return n, nil
}
