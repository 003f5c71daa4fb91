package purchase_test

import (
	"strings"
	"testing"
	"time"

	"gamestore.example/deploy/operate/purchase"
	"gamestore.example/games"
	"gamestore.example/payments"
)

func noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

func after(d time.Duration) time.Time { return noon().Add(d) }

// snapshot is of a purchase in a state, with what else is to be so.
func snapshot(status games.Status, more ...func(*purchase.Snapshot)) purchase.Snapshot {
	s := purchase.Snapshot{
		Now:      noon(),
		Purchase: purchase.Purchase{ID: "pur-1", Status: status, CreatedAt: after(-time.Minute), UpdatedAt: after(-time.Minute), AskAt: after(30 * time.Second)},
	}
	for _, m := range more {
		m(&s)
	}
	return s
}

type edit = func(*purchase.Snapshot)

func reason(r string) edit { return func(s *purchase.Snapshot) { s.Purchase.Reason = r } }

// event adds one that its consumer has taken; change says how far it really got.
func event(from, key, consumer string, change ...func(*purchase.Event)) edit {
	return func(s *purchase.Snapshot) {
		e := purchase.Event{
			From: from, ID: "ev-" + key, Key: key, WrittenAt: after(-50 * time.Second), SentAt: after(-49 * time.Second), Attempts: 1,
			Receipts: []purchase.Receipt{{Consumer: consumer, At: after(-48 * time.Second)}},
		}
		for _, c := range change {
			c(&e)
		}
		s.Events = append(s.Events, e)
	}
}

func untaken(e *purchase.Event) { e.Receipts = nil }

func unsent(e *purchase.Event) {
	untaken(e)
	e.SentAt, e.Attempts, e.NextTryAt = time.Time{}, 0, after(-time.Second)
}

func failing(e *purchase.Event) {
	unsent(e)
	e.Attempts, e.LastError, e.NextTryAt = 3, "unavailable: no broker", after(2*time.Second)
}

func leased(e *purchase.Event) { unsent(e); e.Attempts, e.LeasedUntil = 1, after(time.Second) }

func queued(queue string, due time.Time) func(*purchase.Event) {
	return func(e *purchase.Event) {
		untaken(e)
		e.Queued = []purchase.Queued{{Queue: "users.history", Attempt: 9}, {Queue: queue, Attempt: 2, DueAt: due}}
	}
}

func dead(queue, key string) edit {
	return func(s *purchase.Snapshot) {
		s.DeadLetters = append(s.DeadLetters, purchase.Letter{Queue: queue, ID: "ev-" + key, Key: key, Reason: "malformed-event", Attempts: 1, At: after(-time.Second)})
	}
}

func payment(status payments.Status, change ...func(*purchase.Payment)) edit {
	return func(s *purchase.Snapshot) {
		p := &purchase.Payment{ID: "pay-1", Status: status, Provider: "simulated"}
		for _, c := range change {
			c(p)
		}
		s.Payment = p
	}
}

func due(d time.Duration) func(*purchase.Payment) {
	return func(p *purchase.Payment) { p.DueAt = after(d) }
}

func lease(d time.Duration) func(*purchase.Payment) {
	return func(p *purchase.Payment) { p.LeasedUntil, p.DueAt = after(d), after(d) }
}

func why(r string) func(*purchase.Payment) { return func(p *purchase.Payment) { p.Reason = r } }

func cancelWanted(p *purchase.Payment) { p.CancelRequested = true }

func attempt(kind payments.Kind, outcome payments.Outcome, reason string) func(*purchase.Payment) {
	return func(p *purchase.Payment) {
		p.Attempts = append(p.Attempts, purchase.Attempt{
			Number: len(p.Attempts) + 1, Kind: kind, Outcome: outcome, Reason: reason, StartedAt: after(-2 * time.Second),
		})
	}
}

type placeCase struct {
	name  string
	s     purchase.Snapshot
	place purchase.Place
	words []string
}

func pendingCases() []placeCase {
	const key, queue = "game.purchased", payments.ConsumerPurchases
	bought := func(c ...func(*purchase.Event)) edit { return event(purchase.Games, key, queue, c...) }
	paid := func(c ...func(*purchase.Event)) edit {
		return event(purchase.Payments, "payment.completed", games.ConsumerPayments, c...)
	}
	p := games.StatusPending
	return []placeCase{
		{"just accepted", snapshot(p, bought(unsent)), purchase.Outbox, []string{"game.purchased waits in games' outbox, 0 attempts; it is due"}},
		{"being published", snapshot(p, bought(leased)), purchase.Outbox, []string{"1 attempt; a relay has it until 2026-03-14T12:00:01.000Z"}},
		{"the bus is away", snapshot(p, bought(failing)), purchase.Outbox, []string{"3 attempts, last error: unavailable: no broker; next try at 2026-03-14T12:00:02.000Z"}},
		{"asked again by an event that is not sent", snapshot(p, bought(untaken), bought(unsent)), purchase.Outbox, nil},
		{"in the queue", snapshot(p, bought(queued(queue, time.Time{}))), purchase.Queue, []string{"in the queue payments.purchases: delivery 2 is due or under way"}},
		{"to be delivered later", snapshot(p, bought(queued(queue, after(5*time.Second)))), purchase.Queue, []string{"delivery 2 at 2026-03-14T12:00:05.000Z"}},
		{"on a broker", snapshot(p, bought(untaken)), purchase.Queue, []string{"was sent at", "not taken yet", "payments.purchases"}},
		{"a dead letter", snapshot(p, bought(untaken), dead(queue, key)), purchase.DeadLetter, []string{"gamestore dlq replay payments.purchases ev-game.purchased", "malformed-event"}},
		{"a dead letter whose event is forgotten", snapshot(p, dead(queue, key)), purchase.DeadLetter, []string{"dead letter of payments.purchases"}},
		{"somebody else's dead letter", snapshot(p, dead("games.index", key)), purchase.Sweeper, nil},
		{"nothing under way", snapshot(p), purchase.Sweeper, []string{"ask payments again, at 2026-03-14T12:00:30.000Z: nothing about it"}},
		{"to be charged", snapshot(p, bought(), payment(payments.Pending, due(-time.Second))), purchase.Worker, []string{"waits for a payment worker since 2026-03-14T11:59:59.000Z"}},
		{"not reached, again later", snapshot(p, bought(), payment(payments.Pending, due(time.Second), attempt(payments.KindCharge, payments.OutcomeNotCharged, "not_reached"))),
			purchase.Provider, []string{"next charge at 2026-03-14T12:00:01.000Z, 1 attempt, the last: charge not_charged (not_reached)"}},
		{"being charged", snapshot(p, bought(), payment(payments.Charging, lease(time.Second), attempt(payments.KindCharge, "", ""))),
			purchase.Provider, []string{"it is being charged now, 1 attempt, the last: charge since 2026-03-14T11:59:58.000Z"}},
		{"its worker died", snapshot(p, bought(), payment(payments.Charging, lease(-time.Second))), purchase.Worker, []string{"the one that charged is gone"}},
		{"unknown", snapshot(p, bought(), payment(payments.Unknown, due(time.Minute), attempt(payments.KindCharge, payments.OutcomeUnknown, "timeout"), attempt(payments.KindLookup, payments.OutcomeProcessing, ""))),
			purchase.Provider, []string{"next look-up at 2026-03-14T12:01:00.000Z, 2 attempts, the last: lookup processing"}},
		{"being looked up", snapshot(p, bought(), payment(payments.Unknown, lease(time.Second))), purchase.Provider, []string{"asked whether it charged now"}},
		{"to be looked up", snapshot(p, bought(), payment(payments.Unknown, due(-time.Second))), purchase.Worker, nil},
		{"in review", snapshot(p, bought(), payment(payments.ManualReview, due(time.Hour), why("timeout"))), purchase.Person, []string{"manual review (timeout)", "/api/payments/pay-1/reconcile", "13:00:00"}},
		{"paid, not told", snapshot(p, bought(), payment(payments.Completed), paid(unsent)), purchase.Outbox, []string{"payment.completed waits in payments' outbox"}},
		{"paid, told, not taken", snapshot(p, bought(), payment(payments.Completed), paid(untaken)), purchase.Queue, []string{"games.payments"}},
		{"paid another amount", snapshot(p, bought(), payment(payments.Completed), paid(untaken), dead(games.ConsumerPayments, "payment.completed")), purchase.DeadLetter, []string{"dlq replay games.payments"}},
		{"paid, and the event is lost", snapshot(p, bought(), payment(payments.Completed)), purchase.Sweeper, []string{"its payment pay-1 is completed and games has not heard of it"}},
	}
}

func laterCases() []placeCase {
	wanted := func(c ...func(*purchase.Event)) edit {
		return event(purchase.Games, "purchase.refund_requested", payments.ConsumerRefunds, c...)
	}
	gaveUp := func(c ...func(*purchase.Event)) edit {
		return event(purchase.Games, "purchase.cancelled", payments.ConsumerCancellations, c...)
	}
	told := func(key string, c ...func(*purchase.Event)) edit {
		return event(purchase.Payments, key, games.ConsumerPayments, c...)
	}
	done := event(purchase.Games, "purchase.completed", "users.history", unsent)
	r, c := games.StatusRefunding, games.StatusCancelled
	return []placeCase{
		{"refund not told", snapshot(r, wanted(failing), payment(payments.Completed)), purchase.Outbox, []string{"purchase.refund_requested waits in games' outbox"}},
		{"refund to be tried", snapshot(r, wanted(), payment(payments.Refunding, due(time.Second))), purchase.Provider, []string{"next try of the refund at"}},
		{"refund under way", snapshot(r, wanted(), payment(payments.Refunding, lease(time.Second))), purchase.Provider, []string{"asked for the refund now"}},
		{"refunded, not told", snapshot(r, wanted(), payment(payments.Refunded), told("payment.refunded", unsent)), purchase.Outbox, []string{"payment.refunded"}},
		{"refused, not told", snapshot(r, wanted(), payment(payments.Completed, why("refused")), told("payment.refund_failed", untaken)), purchase.Queue, []string{"payment.refund_failed"}},
		{"a refund nobody works on", snapshot(r, wanted(), payment(payments.Completed)), purchase.Person, []string{"its payment pay-1 is completed"}},
		{"a refund of no payment", snapshot(r, wanted()), purchase.Person, []string{"no payment of it"}},
		{"cancelled before payments knew", snapshot(c, gaveUp(queued(payments.ConsumerCancellations, after(time.Second)))), purchase.Queue, []string{"cancelled, but the event purchase.cancelled"}},
		{"cancelled and never charged", snapshot(c, gaveUp(), payment(payments.Failed, why("cancelled"))), purchase.End, []string{"cancelled"}},
		{"cancelled for good", snapshot(c), purchase.End, []string{"cancelled"}},
		{"cancelled while unknown", snapshot(c, gaveUp(), payment(payments.Unknown, due(time.Second), cancelWanted)), purchase.Provider, []string{"cancelled; of the payment: waits for the provider"}},
		{"cancelled, payments has not heard", snapshot(c, gaveUp(unsent), payment(payments.Unknown, due(time.Second))), purchase.Outbox, []string{"cancelled, but the event"}},
		{"cancelled, the money goes back", snapshot(c, gaveUp(), payment(payments.Refunding, due(time.Second), cancelWanted)), purchase.Provider, []string{"refund"}},
		{"cancelled and refunded", snapshot(c, gaveUp(), payment(payments.Refunded, cancelWanted)), purchase.End, []string{"cancelled"}},
		{"cancelled, the refund refused", snapshot(c, gaveUp(), payment(payments.Completed, cancelWanted, why("refused"))), purchase.Person, []string{"not on its way back", "(refused)"}},
		{"completed", snapshot(games.StatusCompleted), purchase.End, []string{"completed"}},
		{"completed, others not told", snapshot(games.StatusCompleted, done), purchase.End, []string{"completed, but the event purchase.completed waits in games' outbox"}},
		{"completed, one could not take it", snapshot(games.StatusCompleted, dead("users.history", "purchase.completed")), purchase.End, []string{"completed, but", "users.history"}},
		{"completed after a refused refund", snapshot(games.StatusCompleted, reason("refused")), purchase.End, []string{"the refund was refused (refused)"}},
		{"failed", snapshot(games.StatusFailed, reason("card_declined"), payment(payments.Failed)), purchase.End, []string{"failed (card_declined)"}},
		{"failed and paid", snapshot(games.StatusFailed, payment(payments.Completed)), purchase.Person, []string{"it is failed; its payment pay-1 is completed"}},
		{"refunded", snapshot(games.StatusRefunded, payment(payments.Refunded)), purchase.End, []string{"refunded"}},
	}
}

func TestWhere(t *testing.T) {
	for _, c := range append(pendingCases(), laterCases()...) {
		t.Run(c.name, func(t *testing.T) {
			got := purchase.Where(c.s)
			if got.Place != c.place {
				t.Errorf("at %s, want %s: %s", got.Place, c.place, got.Words)
			}
			for _, w := range c.words {
				if !strings.Contains(got.Words, w) {
					t.Errorf("%q is not in %q", w, got.Words)
				}
			}
		})
	}
}

func TestEveryStateHasWords(t *testing.T) {
	all := append([]payments.Status{""}, payments.Statuses()...)
	for _, g := range games.Statuses() {
		for _, p := range all {
			s := snapshot(g)
			if p != "" {
				payment(p)(&s)
			}
			if got := purchase.Where(s); got.Place == "" || got.Words == "" {
				t.Errorf("%s with a payment %q: %+v", g, p, got)
			}
		}
	}
}

func TestTimeline(t *testing.T) {
	s := snapshot(games.StatusFailed,
		event(purchase.Games, "game.purchased", payments.ConsumerPurchases),
		payment(payments.Failed, attempt(payments.KindCharge, payments.OutcomeDeclined, "card_declined")),
		event(purchase.Games, "purchase.failed", "", unsent), dead("users.history", "purchase.failed"))
	s.Payment.CreatedAt, s.Payment.Attempts[0].FinishedAt = after(-3*time.Second), after(-time.Second)
	s.Events[1].WrittenAt = after(-time.Millisecond)
	s.Purchase.UpdatedAt = after(-time.Millisecond)
	want := []string{
		"games accepted", "games wrote game.purchased ev-game.purchased", "games sent game.purchased, 1 attempt",
		"payments payments.purchases took game.purchased", "payments payment pay-1 with simulated", "payments attempt 1: charge",
		"payments attempt 1: charge declined (card_declined)",
		"users purchase.failed ev-purchase.failed became a dead letter of users.history: malformed-event, 1 attempt",
		"games failed: wrote purchase.failed ev-purchase.failed",
	}
	check := func(want []string) {
		t.Helper()
		var got []string
		for _, m := range purchase.Timeline(s) {
			got = append(got, m.Who+" "+m.What)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	check(want)
	s.Events, s.Payment, s.DeadLetters = nil, nil, nil // all of it pruned
	check([]string{"games accepted", "games failed"})
}
