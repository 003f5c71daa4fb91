package purchase

import (
	"fmt"
	"time"

	"gamestore.example/games"
	"gamestore.example/payments"
	contractpayments "gamestore.example/pkg/contract/payments"
)

// Place is where a purchase waits: a stable word.
type Place string

// The places.
const (
	// End is where nothing more happens by itself.
	End Place = "end"
	// Outbox has an event that the bus has not confirmed.
	Outbox Place = "outbox"
	// Queue has an event that its consumer has not taken.
	Queue Place = "queue"
	// DeadLetter is an event that its consumer could not take.
	DeadLetter Place = "dead-letter"
	// Worker is the next payment worker that is free.
	Worker Place = "worker"
	// Provider is the payment provider: a call under way, or a wait for the next.
	Provider Place = "provider"
	// Sweeper is the next question that games asks payments.
	Sweeper Place = "sweeper"
	// Person is somebody who has to look.
	Person Place = "person"
)

// Waiting is where a purchase waits, and that in words.
type Waiting struct {
	Place Place  `json:"place"`
	Words string `json:"words"`
}

// Where says where the purchase waits.
func Where(s Snapshot) Waiting {
	switch s.Purchase.Status {
	case games.StatusPending:
		return s.pending()
	case games.StatusRefunding:
		return s.refunding()
	case games.StatusCancelled:
		return s.cancelled()
	case games.StatusCompleted, games.StatusFailed, games.StatusRefunded:
	}
	return s.ended()
}

func (s Snapshot) pending() Waiting {
	p := s.Payment
	if p == nil {
		if w, ok := s.follow(toPurchases()); ok {
			return w
		}
		return s.asks("nothing about it is under way to payments")
	}
	if w, ok := s.atProvider(); ok {
		return w
	}
	if w, ok := s.follow(fromPayments(contractpayments.KeyPaymentCompleted, contractpayments.KeyPaymentFailed, contractpayments.KeyPaymentRefunded)); ok {
		return w
	}
	return s.asks(fmt.Sprintf("its payment %s is %s and games has not heard of it", p.ID, p.Status))
}

func (s Snapshot) refunding() Waiting {
	if w, ok := s.follow(toRefunds()); ok {
		return w
	}
	if w, ok := s.atProvider(); ok {
		return w
	}
	if w, ok := s.follow(fromPayments(contractpayments.KeyPaymentRefunded, contractpayments.KeyPaymentRefundFailed)); ok {
		return w
	}
	return Waiting{Person, "waits for a person: the money should go back, and nothing about that is under way" + s.payment()}
}

func (s Snapshot) cancelled() Waiting {
	p := s.Payment
	switch {
	case p != nil && (p.Status == payments.Failed || p.Status == payments.Refunded):
		return s.ended()
	case p == nil || !p.CancelRequested:
		if w, ok := s.follow(toCancellations()); ok {
			return w.after("cancelled, but ")
		}
		if p == nil {
			return s.ended()
		}
	}
	if w, ok := s.atProvider(); ok {
		return w.after("cancelled; of the payment: ")
	}
	return Waiting{Person, "waits for a person: it is cancelled, and the money is not on its way back" + s.payment()}
}

// ended says how it ended, and what is still left to tell to others.
func (s Snapshot) ended() Waiting {
	words := string(s.Purchase.Status)
	switch {
	case s.Purchase.Status == games.StatusCompleted && s.Purchase.Reason != "":
		words += ": the refund was refused (" + s.Purchase.Reason + ")"
	case s.Purchase.Reason != "":
		words += " (" + s.Purchase.Reason + ")"
	}
	if p := s.Payment; p != nil && p.Status.Paid() && s.Purchase.Status == games.StatusFailed {
		return Waiting{Person, "waits for a person: it is " + words + s.payment()}
	}
	for _, e := range s.Events {
		if !e.sent() {
			return Waiting{End, words + ", but " + e.inOutbox(s.Now)}
		}
	}
	for _, l := range s.DeadLetters {
		return Waiting{End, words + ", but " + l.words()}
	}
	return Waiting{End, words}
}

// atProvider says what the payment waits for; false when it is at rest.
func (s Snapshot) atProvider() (Waiting, bool) {
	p := s.Payment
	if p == nil {
		return Waiting{}, false
	}
	what, asking := "", ""
	switch p.Status {
	case payments.Pending:
		what, asking = "next charge", "is being charged"
	case payments.Charging:
		if !p.LeasedUntil.After(s.Now) {
			return Waiting{Worker, fmt.Sprintf("waits for a payment worker: the one that charged is gone, its lease ended %s; the next one looks the charge up", at(p.LeasedUntil))}, true
		}
		asking = "is being charged"
	case payments.Unknown:
		what, asking = "whether it charged is not known; next look-up", "is being asked whether it charged"
	case payments.ManualReview:
		return Waiting{Person, fmt.Sprintf("waits for a person: the payment %s is in manual review (%s)%s; POST /api/payments/%s/reconcile looks it up at once, else it is done %s",
			p.ID, p.Reason, p.tried(), p.ID, at(p.DueAt))}, true
	case payments.Refunding:
		what, asking = "next try of the refund", "is being asked for the refund"
	case payments.Completed, payments.Failed, payments.Refunded:
		return Waiting{}, false
	}
	switch {
	case p.LeasedUntil.After(s.Now):
		return Waiting{Provider, fmt.Sprintf("waits for the provider: it %s now%s", asking, p.tried())}, true
	case p.DueAt.After(s.Now):
		return Waiting{Provider, fmt.Sprintf("waits for the provider: %s %s%s", what, at(p.DueAt), p.tried())}, true
	}
	return Waiting{Worker, fmt.Sprintf("waits for a payment worker since %s%s", stamp(p.DueAt), p.tried())}, true
}

// tried tells the attempts so far.
func (p *Payment) tried() string {
	n := len(p.Attempts)
	if n == 0 {
		return ""
	}
	last := p.Attempts[n-1]
	words := fmt.Sprintf(", %s, the last: %s", attempts(n), last.Kind)
	if last.Outcome == "" {
		return words + " since " + stamp(last.StartedAt)
	}
	words += " " + string(last.Outcome)
	if last.Reason != "" {
		words += " (" + last.Reason + ")"
	}
	return words
}

func (s Snapshot) payment() string {
	switch p := s.Payment; {
	case p == nil:
		return "; payments knows no payment of it"
	case p.Reason != "":
		return fmt.Sprintf("; its payment %s is %s (%s)", p.ID, p.Status, p.Reason)
	default:
		return fmt.Sprintf("; its payment %s is %s", p.ID, p.Status)
	}
}

func (s Snapshot) asks(why string) Waiting {
	return Waiting{Sweeper, "waits for games to ask payments again, " + at(s.Purchase.AskAt) + ": " + why}
}

func (w Waiting) after(words string) Waiting { return Waiting{w.Place, words + w.Words} }

func at(t time.Time) string {
	if t.IsZero() {
		return "at no known time"
	}
	return "at " + stamp(t)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}
