package operate

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gamestore.example/deploy/operate/purchase"
	"gamestore.example/games"
	gamessqlite "gamestore.example/games/adapter/sqlite"
	"gamestore.example/payments"
	paymentssqlite "gamestore.example/payments/adapter/sqlite"
	"gamestore.example/pkg/bus"
	bussqlite "gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/outbox"
	"gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

// looks is how often a purchase that moves meanwhile is looked at again: the
// databases are read one after the other.
const looks = 3

// snapshot reads all about a purchase.
func (p *places) snapshot(ctx context.Context, purchaseID string) (s purchase.Snapshot, err error) {
	l := looker{places: p}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.open(ctx); err != nil {
		return s, err
	}
	for range looks {
		before, err := l.purchase(ctx, purchaseID)
		if err != nil {
			return s, err
		}
		if s, err = l.look(ctx, before); err != nil {
			return s, err
		}
		after, err := l.purchase(ctx, purchaseID)
		if err != nil || after.Version == before.Version {
			return s, err
		}
	}
	return s, nil
}

// looker has the databases open to look into them.
type looker struct {
	places          *places
	games, payments *sqldb.DB
	// bus is nil when there is no embedded bus.
	bus    *sqldb.DB
	opened []*sqldb.DB
}

func (l *looker) open(ctx context.Context) (err error) {
	for _, s := range l.places.services() {
		var to **sqldb.DB
		switch s.name {
		case purchase.Games:
			to = &l.games
		case purchase.Payments:
			to = &l.payments
		default:
			continue
		}
		if *to, err = s.open(ctx); err != nil {
			return err
		}
		l.opened = append(l.opened, *to)
	}
	if l.places.rabbit != "" || missing(l.places.journal()) {
		return nil
	}
	if l.bus, err = l.places.openJournal(ctx); err != nil {
		return err
	}
	l.opened = append(l.opened, l.bus)
	return nil
}

func (l *looker) close() error {
	var failed []error
	for _, db := range l.opened {
		failed = append(failed, db.Close())
	}
	return errors.Join(failed...)
}

func (l *looker) purchase(ctx context.Context, purchaseID string) (games.Purchase, error) {
	p, err := gamessqlite.NewRepository(l.games, nil, outbox.NewSignal()).Purchase(ctx, purchaseID)
	if errors.Is(err, games.ErrPurchaseNotFound) {
		return p, fmt.Errorf("there is no purchase %q", purchaseID)
	}
	return p, l.explain(purchase.Games, err)
}

func (l *looker) explain(service string, err error) error {
	for _, s := range l.places.services() {
		if s.name == service {
			return s.explain(err)
		}
	}
	return err
}

func (l *looker) look(ctx context.Context, p games.Purchase) (purchase.Snapshot, error) {
	s := purchase.Snapshot{Purchase: purchaseOf(p), Events: []purchase.Event{}, DeadLetters: []purchase.Letter{}}
	if err := l.events(ctx, &s, purchase.Games, l.games, p.ID); err != nil {
		return s, err
	}
	pay, err := paymentssqlite.NewRepository(l.payments, nil, outbox.NewSignal()).Get(ctx, payments.ByPurchase(p.ID))
	switch {
	case err == nil:
		s.Payment = paymentOf(pay)
		if err := l.events(ctx, &s, purchase.Payments, l.payments, pay.ID); err != nil {
			return s, err
		}
	case !errors.Is(err, payments.ErrPaymentNotFound):
		return s, l.explain(purchase.Payments, err)
	}
	slices.SortStableFunc(s.Events, func(a, b purchase.Event) int { return a.WrittenAt.Compare(b.WrittenAt) })
	if err := l.receipts(ctx, &s); err != nil {
		return s, err
	}
	if err := l.onBus(ctx, &s); err != nil {
		return s, err
	}
	s.Now = time.Now().UTC()
	return s, nil
}

// events adds what an outbox has about an aggregate.
func (l *looker) events(ctx context.Context, s *purchase.Snapshot, service string, db *sqldb.DB, aggregate string) error {
	entries, err := sqlite.NewStore(db).About(ctx, aggregate)
	if err != nil {
		return l.explain(service, err)
	}
	for _, e := range entries {
		s.Events = append(s.Events, eventOf(service, e))
	}
	return nil
}

// receipts adds who took the events: each service notes it in its own inbox.
func (l *looker) receipts(ctx context.Context, s *purchase.Snapshot) error {
	ids := eventIDs(s.Events)
	for service, inbox := range map[string]struct {
		db        *sqldb.DB
		consumers []string
	}{
		purchase.Games:    {l.games, []string{games.ConsumerPayments}},
		purchase.Payments: {l.payments, []string{payments.ConsumerPurchases, payments.ConsumerCancellations, payments.ConsumerRefunds}},
	} {
		receipts, err := sqlite.NewStore(inbox.db).Receipts(ctx, inbox.consumers, ids)
		if err != nil {
			return l.explain(service, err)
		}
		for _, r := range receipts {
			e := &s.Events[slices.Index(ids, r.MessageID)]
			e.Receipts = append(e.Receipts, purchase.Receipt{Consumer: r.Consumer, At: r.At})
		}
	}
	return nil
}

// onBus adds dead letters, and, of the embedded bus, what waits in its queues.
func (l *looker) onBus(ctx context.Context, s *purchase.Snapshot) error {
	if l.bus == nil && l.places.rabbit == "" {
		s.BusError = "there is no bus in the data folder; -bus.url names the broker"
		return nil
	}
	ids := eventIDs(s.Events)
	if l.bus != nil {
		waiting, err := bussqlite.NewJournal(l.bus).Waiting(ctx, ids...)
		if err != nil {
			return explain("the bus", l.places.journal(), err)
		}
		for _, w := range waiting {
			e := &s.Events[slices.Index(ids, w.Message.ID)]
			e.Queued = append(e.Queued, purchase.Queued{Queue: w.Queue, Attempt: w.Message.Attempt, DueAt: w.Due})
		}
	}
	letters, err := l.places.letters(ctx, everything)
	if err != nil && errs.ClassOf(err) == errs.Unavailable {
		s.BusError = err.Error() // a broker that is away may be just what is asked about
		return nil
	}
	if err != nil {
		return err
	}
	s.BusSeen = true
	for _, d := range letters {
		if slices.Contains(ids, d.Message.ID) || bytes.Contains(d.Message.Body, []byte(s.Purchase.ID)) {
			s.DeadLetters = append(s.DeadLetters, letterOf(d))
		}
	}
	return nil
}

func eventIDs(events []purchase.Event) []string {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	return ids
}

func purchaseOf(p games.Purchase) purchase.Purchase {
	return purchase.Purchase{
		ID: p.ID, UserID: p.UserID, GameID: p.GameID, Amount: p.Price.Amount, Currency: p.Price.Currency,
		Status: p.Status, Reason: p.FailureReason, PaymentID: p.PaymentID, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
		CompletedAt: p.CompletedAt, AskAt: p.AskAt, Asked: p.Asked,
	}
}

func paymentOf(p payments.Payment) *purchase.Payment {
	view := &purchase.Payment{
		ID: p.ID, Status: p.Status, Reason: p.Reason, Provider: p.Provider, CancelRequested: p.CancelRequested,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, DueAt: p.DueAt, LeasedUntil: p.Lease.Until, Attempts: []purchase.Attempt{},
	}
	for _, a := range p.Attempts {
		view.Attempts = append(view.Attempts, purchase.Attempt(a))
	}
	return view
}

func eventOf(service string, e sqlite.Entry) purchase.Event {
	view := purchase.Event{
		From: service, ID: e.ID, Key: e.Key, WrittenAt: e.CreatedAt, SentAt: e.SentAt, Attempts: e.Attempts, LastError: e.LastError,
		Receipts: []purchase.Receipt{}, Queued: []purchase.Queued{},
	}
	if e.SentAt.IsZero() {
		view.NextTryAt, view.LeasedUntil = e.AvailableAt, e.LeaseUntil
	}
	return view
}

func letterOf(d bus.DeadLetter) purchase.Letter {
	return purchase.Letter{
		Queue: d.Queue, ID: d.Message.ID, Key: d.Message.Key, Reason: d.Reason,
		Attempts: cmp.Or(d.Message.Attempt, 1), At: d.At.UTC(),
	}
}
