package purchase

import (
	"fmt"
	"slices"
	"strings"
	"time"

	contractgames "gamestore.example/pkg/contract/games"
)

// Moment is one line of a timeline.
type Moment struct {
	At time.Time `json:"at"`
	// Who is the service that did it.
	Who  string `json:"who"`
	What string `json:"what"`
}

// Timeline returns what happened, oldest first.
func Timeline(s Snapshot) []Moment {
	var all []Moment
	add := func(at time.Time, who, format string, args ...any) {
		if !at.IsZero() {
			all = append(all, Moment{At: at, Who: who, What: fmt.Sprintf(format, args...)})
		}
	}
	event := func(e Event) {
		add(e.WrittenAt, e.From, "%swrote %s %s", state(e.Key), e.Key, e.ID)
		add(e.SentAt, e.From, "sent %s, %s", e.Key, attempts(e.Attempts))
		for _, r := range e.Receipts {
			add(r.At, service(r.Consumer), "%s took %s", r.Consumer, e.Key)
		}
	}
	// In this order things happen that happen in the same millisecond.
	add(s.Purchase.CreatedAt, Games, "accepted")
	each(s.Events, event, func(e Event) bool { return e.Key == contractgames.KeyGamePurchased })
	if p := s.Payment; p != nil {
		add(p.CreatedAt, Payments, "payment %s with %s", p.ID, p.Provider)
		for _, a := range p.Attempts {
			add(a.StartedAt, Payments, "attempt %d: %s", a.Number, a.Kind)
			add(a.FinishedAt, Payments, "attempt %d: %s %s", a.Number, a.Kind, a.result())
		}
	}
	each(s.Events, event, func(e Event) bool { return e.From == Payments })
	each(s.Events, event, func(e Event) bool { return e.From == Games && e.Key != contractgames.KeyGamePurchased })
	for _, l := range s.DeadLetters {
		add(l.At, service(l.Queue), "%s %s became a dead letter of %s: %s, %s", l.Key, l.ID, l.Queue, l.Reason, attempts(l.Attempts))
	}
	if !told(s) {
		add(s.Purchase.UpdatedAt, Games, "%s", s.Purchase.Status)
	}
	slices.SortStableFunc(all, func(a, b Moment) int {
		return a.At.Truncate(time.Millisecond).Compare(b.At.Truncate(time.Millisecond)) // the outbox knows no smaller times
	})
	return all
}

func each(events []Event, do func(Event), which func(Event) bool) {
	for _, e := range events {
		if which(e) {
			do(e)
		}
	}
}

// told reports whether the present state is among the events that are still kept.
func told(s Snapshot) bool {
	if s.Purchase.UpdatedAt.Equal(s.Purchase.CreatedAt) {
		return true
	}
	return slices.ContainsFunc(s.Events, func(e Event) bool {
		return strings.HasPrefix(state(e.Key), string(s.Purchase.Status)+":")
	})
}

// state is what the purchase became with an event.
func state(key string) string {
	switch key {
	case contractgames.KeyPurchaseCompleted:
		return "completed: "
	case contractgames.KeyPurchaseFailed:
		return "failed: "
	case contractgames.KeyPurchaseCancelled:
		return "cancelled: "
	case contractgames.KeyPurchaseRefundRequested:
		return "refunding: "
	case contractgames.KeyPurchaseRefunded:
		return "refunded: "
	}
	return ""
}

func (a Attempt) result() string {
	if a.Reason == "" {
		return string(a.Outcome)
	}
	return fmt.Sprintf("%s (%s)", a.Outcome, a.Reason)
}

// service is the first word of a queue's name.
func service(queue string) string {
	name, _, _ := strings.Cut(queue, ".")
	return name
}
