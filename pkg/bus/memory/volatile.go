package memory

import (
	"context"
	"slices"
	"sync"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/delivery"
	"gamestore.example/pkg/errs"
)

// volatile stands in for a journal: it keeps the dead letters, in memory, and
// forgets everything else, because the queues have it.
type volatile struct {
	mu   sync.Mutex
	dead []bus.DeadLetter
}

var _ Journal = (*volatile)(nil)

func (*volatile) Append(context.Context, []Entry) error              { return nil }
func (*volatile) Load(context.Context, string) ([]Entry, int, error) { return nil, 0, nil }

func (*volatile) Begin(context.Context, int64) error { return nil }

func (v *volatile) Settle(_ context.Context, settlements []Settlement) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range settlements {
		if s.Outcome == errs.Dead {
			v.dead = append(v.dead, bus.DeadLetter{Message: s.Entry.Message, Queue: s.Entry.Queue, Reason: s.Reason, At: s.At})
		}
	}
	return nil
}

func (v *volatile) DeadLetters(_ context.Context, limit int) ([]bus.DeadLetter, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := slices.Clone(v.dead[:min(max(limit, 0), len(v.dead))])
	for i := range list {
		list[i].Message = delivery.Clone(list[i].Message)
	}
	return list, nil
}

func (v *volatile) Replay(_ context.Context, queue, messageID string) (Entry, error) {
	d, err := v.take(queue, messageID)
	d.Message.Attempt = 1
	return Entry{Queue: queue, Message: d.Message}, err
}

func (v *volatile) Drop(_ context.Context, queue, messageID string) error {
	_, err := v.take(queue, messageID)
	return err
}

func (v *volatile) take(queue, messageID string) (bus.DeadLetter, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i := slices.IndexFunc(v.dead, func(d bus.DeadLetter) bool { return d.Queue == queue && d.Message.ID == messageID })
	if i < 0 {
		return bus.DeadLetter{}, bus.ErrNoDeadLetter
	}
	d := v.dead[i]
	v.dead = slices.Delete(v.dead, i, i+1)
	return d, nil
}
