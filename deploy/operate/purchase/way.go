package purchase

import (
	"fmt"
	"slices"
	"time"

	"gamestore.example/games"
	"gamestore.example/payments"
	contractgames "gamestore.example/pkg/contract/games"
)

// way is how an event gets from an outbox to a consumer, whose queue has its name.
type way struct {
	from  string
	queue string
	keys  []string
}

func toPurchases() way {
	return way{from: Games, queue: payments.ConsumerPurchases, keys: []string{contractgames.KeyGamePurchased}}
}

func toCancellations() way {
	return way{from: Games, queue: payments.ConsumerCancellations, keys: []string{contractgames.KeyPurchaseCancelled}}
}

func toRefunds() way {
	return way{from: Games, queue: payments.ConsumerRefunds, keys: []string{contractgames.KeyPurchaseRefundRequested}}
}

func fromPayments(keys ...string) way {
	return way{from: Payments, queue: games.ConsumerPayments, keys: keys}
}

// follow says where the newest event of a way is; false when it has arrived, or
// there is none.
func (s Snapshot) follow(w way) (Waiting, bool) {
	for _, e := range slices.Backward(s.Events) {
		if e.From != w.from || !slices.Contains(w.keys, e.Key) {
			continue
		}
		if e.takenBy(w.queue) {
			return Waiting{}, false
		}
		return s.stop(w, e), true
	}
	// Sent events are forgotten after a day, dead letters are not.
	if l, ok := s.dead(w, ""); ok {
		return Waiting{DeadLetter, l.words()}, true
	}
	return Waiting{}, false
}

// stop is where an event is that did not arrive.
func (s Snapshot) stop(w way, e Event) Waiting {
	if i := slices.IndexFunc(e.Queued, func(q Queued) bool { return q.Queue == w.queue }); i >= 0 {
		return Waiting{Queue, e.inQueue(e.Queued[i], s.Now)}
	}
	if !e.sent() {
		return Waiting{Outbox, e.inOutbox(s.Now)}
	}
	if l, ok := s.dead(w, e.ID); ok {
		return Waiting{DeadLetter, l.words()}
	}
	return Waiting{Queue, fmt.Sprintf("the event %s was sent at %s and is not taken yet: it waits in the queue %s", e.Key, stamp(e.SentAt), w.queue)}
}

// dead finds a dead letter on a way: with an id, or any.
func (s Snapshot) dead(w way, id string) (Letter, bool) {
	i := slices.IndexFunc(s.DeadLetters, func(l Letter) bool {
		return l.Queue == w.queue && slices.Contains(w.keys, l.Key) && (id == "" || l.ID == id)
	})
	if i < 0 {
		return Letter{}, false
	}
	return s.DeadLetters[i], true
}

func (e Event) inOutbox(now time.Time) string {
	words := fmt.Sprintf("the event %s waits in %s' outbox, %s", e.Key, e.From, attempts(e.Attempts))
	if e.LastError != "" {
		words += ", last error: " + e.LastError
	}
	switch {
	case e.LeasedUntil.After(now):
		return words + "; a relay has it until " + stamp(e.LeasedUntil)
	case e.NextTryAt.After(now):
		return words + "; next try at " + stamp(e.NextTryAt)
	}
	return words + "; it is due"
}

func (e Event) inQueue(q Queued, now time.Time) string {
	if q.DueAt.After(now) {
		return fmt.Sprintf("the event %s waits in the queue %s: delivery %d at %s", e.Key, q.Queue, q.Attempt, stamp(q.DueAt))
	}
	return fmt.Sprintf("the event %s is in the queue %s: delivery %d is due or under way", e.Key, q.Queue, q.Attempt)
}

func (l Letter) words() string {
	return fmt.Sprintf("the event %s is a dead letter of %s (%s) since %s; once the cause is gone, gamestore dlq replay %s %s puts it back",
		l.Key, l.Queue, l.Reason, stamp(l.At), l.Queue, l.ID)
}
